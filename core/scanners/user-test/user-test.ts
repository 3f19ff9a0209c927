import { z } from 'zod';
import { shownSchema } from '../../text/safe-line.ts';
import type { FindingWords } from '../finding-text.ts';

/** A test of the project's own that the image did not pass. */
export const failedTestSchema = z.object({
  /** From the repository's root; as `cccp.yml` has it where it is not there. */
  script: shownSchema(500),
  /** Absent where it was stopped, or never began. */
  exitCode: z.int().optional(),
  /** How long it had when it was stopped, in seconds. */
  stoppedAfter: z.number().positive().optional(),
  /** Why else it was stopped, or never began: `was stopped because …`, `is not in the repository`. */
  problem: shownSchema(500).optional(),
  /** What would mend that. */
  remedy: shownSchema(500).optional(),
  /** The end of what it printed. */
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
}: FailedTest): FindingWords {
  const stop = `was stopped after ${stoppedAfter ?? '?'} seconds`;
  const end = problem ?? (exitCode === undefined ? stop : `ended with ${exitCode}`);
  const last = problem ? undefined : lastLines.at(-1);
  return {
    id: script,
    sentence: `the test ${script} ${end}${last ? `: ${last}` : ''}`,
    remedy: remedy ?? 'correct the image or the test, and push',
  };
}
