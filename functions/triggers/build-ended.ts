import { buildEndedEvent, type Rebuild } from '../../core/cascade/rebuild-state.ts';
import type { Build } from '../../core/model/build.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { Members } from '../cascade/advance-member.ts';
import type { AnnounceEnd } from '../cascade/announce-release.ts';
import type { Planner } from './planner.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  rebuilds: Pick<Rebuilds, 'get'>;
  announceEnd: AnnounceEnd;
  members: Pick<Members, 'endWith' | 'notifyDependents'>;
}

/** A release is news for whoever stands on it; and any end is what a cascade waits for that the build is a part of. */
export function createBuildEndedPlanner({ builds, rebuilds, announceEnd, members }: Services): Planner<'build-ended'> {
  /** The build that the project's round waits for: this one, or one whose place this one took, of whose end nobody has been told yet. */
  async function awaited({ pending }: Rebuild, ended: Build): Promise<Build | undefined> {
    if (pending?.state !== 'building' || pending.build === undefined) return undefined;
    if (pending.build === ended.id) return ended;
    const other = await builds.get(pending.build);
    return other?.status === 'superseded' && other.supersededBy === ended.id ? other : undefined;
  }

  return async ({ build: id }) => {
    const build = await builds.get(id);
    if (!build) return { outcome: `ignored: there is no build ${id}`, builds: [] };
    const state = await rebuilds.get(build.project);
    const member = await awaited(state, build);
    if (member) {
      const { unfinished } = await members.endWith(state, member);
      return { outcome: `cascade ${state.pending?.cascade}: ${build.status}`, builds: [], unfinished };
    }
    if (state.received[buildEndedEvent(id)]) {
      // A try before this one ended the project's round, and may have died before it called the children.
      await members.notifyDependents(state);
      return { outcome: `cascade: ${build.status}`, builds: [] };
    }
    const { cascade, members: count, unfinished } = await announceEnd(build);
    return { outcome: cascade ? `cascade ${cascade}: ${count} projects` : build.status, builds: [], unfinished };
  };
}
