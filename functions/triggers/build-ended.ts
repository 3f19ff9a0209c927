import { buildEndedEvent, type Rebuild } from '../../core/cascade/rebuild-state.ts';
import type { Build } from '../../core/model/build.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { ProjectProblems } from '../../services/tables/project-problems.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import type { Members } from '../cascade/advance-member.ts';
import type { AnnounceEnd } from '../cascade/announce-release.ts';
import type { Planner } from './planner.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  problems: Pick<ProjectProblems, 'record'>;
  rebuilds: Pick<Rebuilds, 'get'>;
  announceEnd: AnnounceEnd;
  members: Pick<Members, 'endWith' | 'notifyDependents'>;
  startAfter: BuildStarter['startAfter'];
}

/**
 * The end of a build that failed, was blocked or was held back is a problem of its project. A release rebuilds its dependents. Any end of a
 * build lets the cascade that waits for it go on.
 */
export function createBuildEndedPlanner({
  builds,
  problems,
  rebuilds,
  announceEnd,
  members,
  startAfter,
}: Services): Planner<'build-ended'> {
  /** The build that the project's round waits for: this one, or one that it superseded and whose end is not announced yet. */
  async function awaited({ pending }: Rebuild, ended: Build): Promise<Build | undefined> {
    if (pending?.state !== 'building' || pending.build === undefined) return undefined;
    if (pending.build === ended.id) return ended;
    const other = await builds.get(pending.build);
    return other?.status === 'superseded' && other.supersededBy === ended.id ? other : undefined;
  }

  return async ({ build: id }) => {
    const build = await builds.get(id);
    if (!build) return { outcome: `ignored: there is no build ${id}`, builds: [] };
    await problems.record(build);
    await startAfter(build);
    const state = await rebuilds.get(build.project);
    const member = await awaited(state, build);
    if (member) {
      const { unfinished } = await members.endWith(state, member);
      return { outcome: `cascade ${state.pending?.cascade}: ${build.status}`, builds: [], unfinished };
    }
    if (state.received[buildEndedEvent(id)]) {
      // An earlier try ended the project's round, but may have crashed before it notified the dependents.
      await members.notifyDependents(state);
      return { outcome: `cascade: ${build.status}`, builds: [] };
    }
    const { cascade, members: count, unfinished } = await announceEnd(build);
    return { outcome: cascade ? `cascade ${cascade}: ${count} projects` : build.status, builds: [], unfinished };
  };
}
