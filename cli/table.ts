import { oneLine } from '../core/text/one-line.ts';
import { paint, type Style, type Terminal } from './terminal.ts';

export interface Column<Row> {
  title: string;
  text: (row: Row) => string;
  style?: (row: Row) => Style | undefined;
  /** It keeps its width: a name that is to be copied. */
  isWhole?: boolean;
  /** It is left out where the terminal is narrow. */
  isOptional?: boolean;
}

const gap = '  ';
const narrowest = 8;
/** As much of a text as people can make sense of; to have it, optional columns are left out. */
const readable = 16;

/**
 * Rows as a table that fits the terminal: columns without any text are left out, then optional ones, then the widest are cut. What goes to
 * a program is whole, without titles, and has tabs between the columns.
 */
export function tableOf<Row>(terminal: Terminal, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const textsOf = (row: Row) => columns.map(({ text }) => oneLine(text(row), 500));
  if (!Number.isFinite(terminal.width)) return rows.map((row) => `${textsOf(row).join('\t')}\n`).join('');
  const cells = rows.map(textsOf);
  const measured = columns.map((column, at) => ({
    ...column,
    at,
    width: Math.max(lengthOf(column.title), ...cells.map((texts) => lengthOf(texts[at] ?? ''))),
  }));
  const filled = measured.filter(({ at }) => cells.length === 0 || cells.some((texts) => texts[at]));
  const shown = fitted(filled, terminal.width);
  const line = (texts: readonly string[], styleOf: (column: Column<Row>) => Style | undefined) =>
    shown
      .map((column) => {
        const text = oneLine(texts[column.at] ?? '', column.width);
        return paint(terminal, styleOf(column), text) + ' '.repeat(column.width - lengthOf(text));
      })
      .join(gap)
      .trimEnd();
  const titles = columns.map(({ title }) => title);
  return [line(titles, () => 'dim'), ...rows.map((row, at) => line(cells[at] ?? [], ({ style }) => style?.(row)))]
    .map((each) => `${each}\n`)
    .join('');
}

type Measured = Pick<Column<never>, 'isWhole' | 'isOptional'> & { width: number };

function fitted<Each extends Measured>(columns: readonly Each[], most: number): Each[] {
  const sum = (each: readonly number[]) => each.reduce((total, width) => total + gap.length + width, -gap.length);
  const least = ({ width, isWhole }: Each) => (isWhole ? width : Math.min(width, readable));
  let shown = [...columns];
  for (const optional of columns.filter(({ isOptional }) => isOptional).reverse()) {
    if (sum(shown.map(least)) > most) shown = shown.filter((each) => each !== optional);
  }
  shown = shown.map((each) => ({ ...each }));
  while (sum(shown.map(({ width }) => width)) > most) {
    const [widest] = shown.filter(({ isWhole }) => !isWhole).sort((one, other) => other.width - one.width);
    if (!widest || widest.width <= narrowest) break;
    widest.width -= 1;
  }
  return shown;
}

const lengthOf = (text: string) => [...text].length;
