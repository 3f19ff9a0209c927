import type { Build } from '../model/build.ts';

type Queued = Pick<Build, 'id' | 'project'>;

/** Whether somebody waits for the build: a person pushed, or asked for it. The pipeline itself calls for all others. */
export function isAwaited({ cause }: Pick<Build, 'cause'>): boolean {
  return ['push', 'source-moved', 'pull-request', 'manual', 'unheld'].includes(cause.type);
}

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

/**
 * The awaited builds that begin before all others, in their order. Where several may run, one place is left to the others, so that a cascade
 * goes on however much is pushed.
 * @param awaited those that wait and those that run, the oldest first
 * @param places how many builds run at once
 */
export function firstToBegin<Waiting extends Queued>(
  awaited: readonly Waiting[],
  running: readonly Queued[],
  places: number,
): Waiting[] {
  const begun = new Set(running.map(({ id }) => id));
  const waiting = awaited.filter(({ id }) => !begun.has(id));
  const taken = awaited.length - waiting.length;
  return beginOrder(waiting, running).slice(0, Math.max(0, Math.max(1, places - 1) - taken));
}
