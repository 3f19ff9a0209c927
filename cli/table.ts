import { oneLine } from '../core/text/one-line.ts';
import { paint, type Style, type Terminal } from './terminal.ts';

export interface Column<Row> {
  title: string;
  text: (row: Row) => string;
  style?: (row: Row) => Style | undefined;
  /** It keeps its width, however narrow the terminal is: a name that is to be copied. */
  isWhole?: boolean;
}

const gap = '  ';
const narrowest = 8;

/**
 * Rows as a table that fits the terminal: the widest columns are cut first. What goes to a program is not cut, and has no titles, so that
 * `cut` and `awk` can read it.
 */
export function tableOf<Row>(terminal: Terminal, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const isCut = Number.isFinite(terminal.width);
  const cells = rows.map((row) => columns.map(({ text }) => oneLine(text(row), 500)));
  const titles = isCut ? [columns.map(({ title }) => title)] : [];
  const widths = widthsWithin(
    columns.map((_, at) => Math.max(...[...titles, ...cells].map((line) => lengthOf(line[at] ?? '')))),
    columns.map(({ isWhole = false }) => isWhole),
    terminal.width - gap.length * (columns.length - 1),
  );
  const line = (texts: string[], styleAt: (at: number) => Style | undefined) =>
    texts
      .map((text, at) => {
        const cut = oneLine(text, widths[at]);
        return paint(terminal, styleAt(at), cut) + ' '.repeat(Math.max(0, (widths[at] ?? 0) - lengthOf(cut)));
      })
      .join(gap)
      .trimEnd();
  const head = titles.map((texts) => line(texts, () => 'dim'));
  const body = cells.map((texts, index) => line(texts, (at) => columns[at]?.style?.(rows[index] as Row)));
  return [...head, ...body].map((each) => `${each}\n`).join('');
}

/** Takes from the widest column until all fit, or none can give more. */
function widthsWithin(wanted: number[], areWhole: boolean[], most: number): number[] {
  const widths = [...wanted];
  while (widths.reduce((sum, width) => sum + width, 0) > most) {
    const widest = Math.max(...widths.filter((_, at) => !areWhole[at]));
    if (widest <= narrowest) break;
    widths[widths.findIndex((width, at) => width === widest && !areWhole[at])] = widest - 1;
  }
  return widths;
}

const lengthOf = (text: string) => [...text].length;
