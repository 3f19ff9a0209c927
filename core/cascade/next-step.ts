import { type Build, type Cause, isTerminal } from '../model/build.ts';
import type { End, Pending } from './rebuild-state.ts';

export type AfterBuild<Successor> =
  /** No build serves the round: start another one. */
  | { do: 'retry' }
  /** The newer build serves the round; decide again with it. */
  | { do: 'follow'; build: Successor }
  | { do: 'wait' }
  | { do: 'end'; end: End };

/**
 * What becomes of a round whose build is in this state.
 * @param successor the build that superseded it, where it is recorded
 */
export function afterBuild<Successor extends Pick<Build, 'createdAt'>>(
  pending: Pick<Pending, 'since'> | undefined,
  { id, status }: Pick<Build, 'id' | 'status'>,
  successor: Successor | undefined,
): AfterBuild<Successor> {
  if (status === 'superseded') {
    // A build that began before the parents' rounds ended may not have used what they released.
    if (!successor || successor.createdAt < (pending?.since ?? '')) return { do: 'retry' };
    return { do: 'follow', build: successor };
  }
  return isTerminal(status) ? { do: 'end', end: { outcome: status, build: id } } : { do: 'wait' };
}

/**
 * Whether a build of the entry's first push serves the round too: that push may be planned before the cascade's step. It cannot if the entry
 * waits for parents, because the push did not wait for them.
 */
export function isServedByFirstPush(cause: Cause, { parents }: Pick<Pending, 'parents'>): boolean {
  return cause.type === 'index' && cause.change === 'added' && Object.keys(parents).length === 0;
}

/**
 * How the round of a project ends for which no build could be started.
 * @param hostError why the host did not say the head of the branch; undefined if it has no such branch
 */
export function endWithoutBuild(project: { gitBranch: string; released?: unknown }, hostError?: string): End {
  return {
    outcome: project.released ? 'not-needed' : 'skipped',
    reason: hostError ?? `There is no branch ${project.gitBranch}. Its first push is built.`,
  };
}

/** A parent in the index that was never released, so that the project cannot be built. */
export function missingParent(
  parents: readonly { name: string; active: boolean; released?: unknown }[],
): string | undefined {
  return parents.find((parent) => parent.active && !parent.released)?.name;
}

export type WaitCycle = { do: 'read'; project: string } | { do: 'answer'; isCycle: boolean };

/**
 * Whether the chain of waiting parents leads back to a stalled project. A plan has no cycles; but if an edge was reversed between two plans,
 * both plans together may have one.
 * @param parent the parent that the project waits for
 * @param waitsFor for each project that an earlier call asked to read: the parent that it waits for; undefined for none
 */
export function waitCycle(
  project: string,
  parent: string,
  waitsFor: ReadonlyMap<string, string | undefined>,
): WaitCycle {
  const seen = new Set<string>();
  let next = parent;
  while (next !== project && !seen.has(next)) {
    if (!waitsFor.has(next)) return { do: 'read', project: next };
    seen.add(next);
    const awaited = waitsFor.get(next);
    if (awaited === undefined) return { do: 'answer', isCycle: false };
    next = awaited;
  }
  return { do: 'answer', isCycle: next === project };
}
