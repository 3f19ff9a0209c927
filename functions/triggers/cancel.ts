import { cancelledBy } from '../../core/builds/failure.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import type { Planner } from './planner.ts';

/** Stops a build that somebody does not want any more. One that has ended, or sets its tags, stays as it is. */
export function createCancelPlanner({ cancelBuild }: Pick<BuildStarter, 'cancelBuild'>): Planner<'cancel'> {
  return async ({ build, requester, reason }) => {
    const isCancelled = await cancelBuild(build, cancelledBy(requester, reason));
    const outcome = isCancelled ? `cancelled ${build}` : `ignored: ${build} has ended, or already sets its tags`;
    return { outcome, builds: [] };
  };
}
