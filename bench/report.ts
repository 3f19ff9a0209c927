/** One row of a benchmark's result: a figure, what it is measured against, and the bound that it should keep. */
export interface Row {
  benchmark: string;
  figure: string;
  value: number;
  unit: string;
  /** `≤ 1.10`; absent where the figure only informs. */
  bound?: string;
  kept?: boolean;
}

/** What the command line says. */
export interface BenchmarkOptions {
  trace: boolean;
  /** Of `site`. */
  million: boolean;
  /** Of `scale`. */
  entries: number;
  below: number;
  index?: string | undefined;
}

/** A file of this folder. */
export interface Benchmark {
  run(options: BenchmarkOptions): Promise<Row[]>;
}

export const atMost = (bound: number, value: number) => ({ bound: `≤ ${bound}`, kept: value <= bound });
export const atLeast = (bound: number, value: number) => ({ bound: `≥ ${bound}`, kept: value >= bound });

/** Makes the rows of a benchmark; `bound` is what `atMost` or `atLeast` gives. */
export const rowOf =
  (benchmark: string) =>
  (figure: string, value: number, unit: string, bound: Pick<Row, 'bound' | 'kept'> = {}): Row => ({
    benchmark,
    figure,
    value,
    unit,
    ...bound,
  });

export function median(values: number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** The least value that so many are not above: of a hundred, 0.99 gives the one before the last. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

export function printTable(rows: Row[]): void {
  const cells = rows.map((row) => [
    row.benchmark,
    row.figure,
    `${round(row.value)} ${row.unit}`.trim(),
    row.bound ?? '',
    row.kept === undefined ? '' : row.kept ? 'kept' : 'MISSED',
  ]);
  const header = ['benchmark', 'figure', 'value', 'bound', ''];
  const widths = header.map((name, at) => Math.max(name.length, ...cells.map((line) => line[at]?.length ?? 0)));
  for (const line of [header, ...cells]) {
    process.stdout.write(
      `${line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}
