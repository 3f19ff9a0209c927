import * as z from 'zod';
import { shownSchema } from '../../text/safe-line.ts';
import type { FindingText } from '../finding-text.ts';

/** A test of the project's own that failed. */
export const failedTestSchema = z.object({
  /** The path from the repository's root; as `cccp.yml` has it if there is no such file. */
  script: shownSchema(500),
  /** Absent where it was stopped, or did not start. */
  exitCode: z.int().optional(),
  /** The seconds after which it was stopped. */
  stoppedAfter: z.number().positive().optional(),
  /** Another reason why it was stopped or did not start: `was stopped because …`, `is not in the repository`. */
  problem: shownSchema(500).optional(),
  /** How to fix that. */
  remedy: shownSchema(500).optional(),
  /** The last lines that it printed. */
  lastLines: z.array(shownSchema(300)).max(20),
});

export type FailedTest = z.infer<typeof failedTestSchema>;

export function describeFailedTest({
  script,
  exitCode,
  stoppedAfter,
  problem,
  remedy,
  lastLines,
}: FailedTest): FindingText {
  const stop = `was stopped after ${stoppedAfter ?? '?'} seconds`;
  const end = problem ?? (exitCode === undefined ? stop : `ended with exit code ${exitCode}`);
  const last = problem ? undefined : lastLines.at(-1);
  return {
    id: script,
    sentence: `the test ${script} ${end}${last ? `: ${last}` : ''}`,
    remedy: remedy ?? 'correct the image or the test, and push',
  };
}
