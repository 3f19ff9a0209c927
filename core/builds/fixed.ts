import * as z from 'zod';
import type { Build } from '../model/build.ts';

/** The failures of a ref that a later build ended. */
export const fixedSchema = z.object({
  /** How the last build before it ended. */
  from: z.enum(['failed', 'blocked']),
  /** The first of the failures in a row, as far back as one looks. */
  since: z.iso.datetime(),
  failures: z.int(),
});

export type Fixed = z.infer<typeof fixedSchema>;

/**
 * What a build has fixed: the failures in a row that came before it on its ref. Undefined if it is not a success, or if the build before it
 * was one. Builds that were cancelled or superseded say nothing of either.
 * @param earlier newest first; the build itself may be among them
 */
export function fixedBy(build: Build, earlier: readonly Build[]): Fixed | undefined {
  if (build.held || (build.status !== 'released' && build.status !== 'unchanged')) return undefined;
  const ends = earlier.filter(
    ({ ref, sequence, status, cause }) =>
      ref === build.ref &&
      sequence < build.sequence &&
      cause.type !== 'pull-request' &&
      (status === 'released' || status === 'unchanged' || isFailure(status)),
  );
  const success = ends.findIndex(({ status }) => !isFailure(status));
  const failures = success === -1 ? ends : ends.slice(0, success);
  const [last] = failures;
  const first = failures.at(-1);
  if (!last || !first || !isFailure(last.status)) return undefined;
  return { from: last.status, since: first.endedAt ?? first.createdAt, failures: failures.length };
}

function isFailure(status: Build['status']): status is Fixed['from'] {
  return status === 'failed' || status === 'blocked';
}
