import type { DeployTarget } from '../model/deploy-target.ts';
import type { Call } from './deliverable.ts';

const hour = 60 * 60_000;

/** The target that gets its releases by promotion from another: the one that the entry names after it. */
export function nextTarget(deploy: readonly DeployTarget[], name: string): DeployTarget | undefined {
  const next = deploy[deploy.findIndex((target) => target.name === name) + 1];
  return next?.on === 'promotion' ? next : undefined;
}

/**
 * How the next target is called for a release that the target before it has now: a pull request at once, or a promotion later. Undefined
 * if it waits for a person.
 * @param before the call by which the target before got the release
 * @param isOffered whether a pull request offers the next target a release now
 */
export function callOfNext(
  next: DeployTarget,
  before: Call,
  { isOffered, now }: { isOffered: boolean; now: Date },
): { call: Call; dueAt?: string } | undefined {
  if (before.type === 'rollback') {
    // Nobody has decided to roll back the next target, but its pull request must not offer the release that was taken back.
    return isOffered ? { call: { type: 'promotion', by: before.by } } : undefined;
  }
  if (next.afterHours !== undefined) {
    const dueAt = new Date(now.getTime() + next.afterHours * hour).toISOString();
    return { call: { type: 'promotion', by: `${next.afterHours} hours` }, dueAt };
  }
  return 'mode' in next && next.mode === 'pull-request' ? { call: { type: 'release' } } : undefined;
}
