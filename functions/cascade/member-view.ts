import type { CascadeMember } from '../../core/cascade/member.ts';
import type { Pending, Rebuild } from '../../core/cascade/rebuild-state.ts';

/** What the page of a cascade shows of a project that waits or is built. */
export function memberView(pending: Pending, { project, version }: Rebuild): CascadeMember {
  return {
    project,
    state: pending.state,
    parents: Object.keys(pending.parents).sort(),
    root: Object.keys(pending.causes).length > 0,
    since: pending.since,
    version,
    build: pending.build,
  };
}
