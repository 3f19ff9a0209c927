import type { Build } from '../model/build.ts';

/** What somebody has to see to after a build. */
export const problems = ['failed', 'blocked', 'held'] as const;
export type Problem = (typeof problems)[number];

/** Undefined while the build runs, and for an end that asks nothing of anybody. */
export function problemOf({ status, held }: Pick<Build, 'status' | 'held'>): Problem | undefined {
  if (status === 'failed' || status === 'blocked') return status;
  return status === 'unchanged' && held ? 'held' : undefined;
}
