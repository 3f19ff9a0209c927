import type { Build } from '../model/build.ts';

type Queued = Pick<Build, 'id' | 'project'>;

/**
 * The order in which waiting builds begin. The next one is always of the project with the fewest running builds, and its oldest.
 * @param queued the oldest first
 */
export function beginOrder<Waiting extends Queued>(queued: readonly Waiting[], running: readonly Queued[]): Waiting[] {
  const rounds = new Map<string, number>();
  for (const { project } of running) rounds.set(project, (rounds.get(project) ?? 0) + 1);
  // Of a project that has two running, the oldest is its third.
  return queued
    .map((build) => {
      const round = rounds.get(build.project) ?? 0;
      rounds.set(build.project, round + 1);
      return { build, round };
    })
    .sort((one, other) => one.round - other.round)
    .map(({ build }) => build);
}
