import { z } from 'zod';
import { shownSchema } from '../shown-text.ts';
import type { FindingWords } from './finding-words.ts';

/** A test of the project's own that the image did not pass. */
export const failedTestSchema = z.object({
  /** From the repository's root. */
  script: shownSchema(500),
  /** Absent where it was stopped. */
  exitCode: z.int().optional(),
  /** How long it had when it was stopped, in seconds. */
  stoppedAfter: z.number().positive().optional(),
  /** The end of what it printed. */
  lastLines: z.array(shownSchema(300)).max(20),
});

export type FailedTest = z.infer<typeof failedTestSchema>;

export function failedTestInWords({ script, exitCode, stoppedAfter, lastLines }: FailedTest): FindingWords {
  const end = exitCode === undefined ? `was stopped after ${stoppedAfter ?? '?'} seconds` : `ended with ${exitCode}`;
  const last = lastLines.at(-1);
  return {
    id: script,
    sentence: `the test ${script} ${end}${last ? `: ${last}` : ''}`,
    remedy: 'correct the image or the test, and push',
  };
}
