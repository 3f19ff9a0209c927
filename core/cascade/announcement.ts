import { createHash } from 'node:crypto';
import { inBatches } from '../concurrency.ts';
import { type Build, isBranch } from '../model/build.ts';
import { type CascadeMember, planCascade } from './rebuild-order.ts';
import type { Rebuild } from './rebuild-state.ts';

/** The dependents that an end of a build may concern. */
export type ConcernedDependents =
  | 'none'
  /** Those that were skipped because the project had failed. Its new build succeeded, with the image that is released already. */
  | 'skipped'
  /** Those of the images that the build released. */
  | 'of-release';

export function concernedBy({ status, ref, cause }: Pick<Build, 'status' | 'ref' | 'cause'>): ConcernedDependents {
  if (status === 'released') return 'of-release';
  // Builds of pull requests may end as unchanged too.
  return status === 'unchanged' && isBranch(ref) && cause.type !== 'pull-request' ? 'skipped' : 'none';
}

/** Whether a dependent waits for the project in a cascade: then it goes on anyway when the project's round ends. */
export function isWaitingFor({ pending }: Pick<Rebuild, 'pending'>, project: string): boolean {
  return pending?.state === 'waiting' && pending.parents[project] !== undefined;
}

/** Whether a dependent was skipped last and has nothing to do. */
export function wasSkipped({ last, pending }: Pick<Rebuild, 'last' | 'pending'>): boolean {
  return last?.outcome === 'skipped' && !pending;
}

/**
 * The dependents that come after the project in the build order. A cycle is rebuilt once only: a release in a cascade does not rebuild
 * projects that came before it.
 */
export function dependentsAfter(project: string, childrenOf: (name: string) => Iterable<string>): Set<string> {
  const { members } = planCascade([project], childrenOf);
  return new Set(members.filter(({ parents }) => parents.includes(project)).map((member) => member.project));
}

/**
 * The cascade of an event: the oldest one that an affected project is already in, so that people see one cascade and not two; otherwise the
 * one that the event joins, or a new one. A cancelled one takes no event from outside; what its own builds release belongs to it, so that it
 * rebuilds nothing.
 */
export function cascadeOf(
  event: { id: string; joins?: string | undefined },
  states: Iterable<Pick<Rebuild, 'pending'>>,
  { cancelled, now }: { cancelled: ReadonlySet<string>; now: Date },
): string {
  if (event.joins !== undefined && cancelled.has(event.joins)) return event.joins;
  const [oldest] = [...states]
    .flatMap(({ pending }) => pending?.cascade ?? [])
    .filter((cascade) => !cancelled.has(cascade))
    .sort();
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const hash = createHash('sha256').update(event.id).digest('hex').slice(0, 6);
  return oldest ?? event.joins ?? `${time}Z-${hash}`;
}

/** The members in batches, the lowest level first. No batch has a project together with its parent. */
export function childrenFirst(members: readonly CascadeMember[], batchSize: number): CascadeMember[][] {
  const levels = [...Map.groupBy(members, ({ level }) => level).entries()].sort(([one], [other]) => other - one);
  return levels.flatMap(([, level]) => inBatches(level, batchSize));
}

/** A build that began after the digest was seen uses that digest, or a newer one, which gets a trigger of its own. */
export function hasBegunSince(state: Pick<Rebuild, 'pending'> | undefined, seenAt: string | undefined): boolean {
  const { pending } = state ?? {};
  return seenAt !== undefined && pending?.state === 'building' && pending.since > seenAt;
}
