import * as z from 'zod';

const failureSchema = z.object({ test: z.string(), why: z.string() });

const fileResultSchema = z.object({
  /** Empty for what failed outside of all files. */
  file: z.string(),
  passed: z.int(),
  skipped: z.int(),
  failures: z.array(failureSchema),
});

/** What the reporter writes: a result of each test file. */
export const resultsSchema = z.array(fileResultSchema);

export type FileResult = z.infer<typeof fileResultSchema>;

export interface Failure extends z.infer<typeof failureSchema> {
  file: string;
}

export interface Summary {
  passed: number;
  failures: Failure[];
  skipped: number;
  /** What failed and did not fail again. */
  unsteady: Failure[];
}

/** The files that a second run may find in order. */
export const filesToRepeat = (results: readonly FileResult[]): string[] =>
  results.filter(({ file, failures }) => file !== '' && failures.length > 0).map(({ file }) => file);

/** The second run is of the files that failed in the first: of these, what it says counts. */
export function summarize(first: readonly FileResult[], second: readonly FileResult[] = []): Summary {
  const last = [...new Map([...first, ...second].map((result) => [result.file, result])).values()];
  const failures = last.flatMap(failuresOf);
  const failedAgain = new Set(failures.map(({ file, test }) => `${file} ${test}`));
  const sum = (key: 'passed' | 'skipped') => last.reduce((total, result) => total + result[key], 0);
  return {
    passed: sum('passed'),
    failures,
    skipped: sum('skipped'),
    unsteady: first.flatMap(failuresOf).filter(({ file, test }) => !failedAgain.has(`${file} ${test}`)),
  };
}

const failuresOf = ({ file, failures }: FileResult): Failure[] => failures.map((failure) => ({ file, ...failure }));
