import type { Projects } from '../../services/tables/projects.ts';
import type { StartRebuild } from '../builds/start-build.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  startRebuild: StartRebuild;
}

/** Rebuilds a project by the schedule of its entry. It runs without the cache, because its purpose is to pick up changes from outside. */
export function createSchedulePlanner({ projects, startRebuild }: Services): Planner<'schedule'> {
  return async function planSchedule({ id: trigger, project: name, schedule }) {
    const project = await projects.get(name);
    if (!project?.active || project.schedule !== schedule) {
      return { outcome: `ignored: ${name} has no schedule ${schedule} any more`, builds: [] };
    }
    const build = await startRebuild({ trigger, project, cause: { type: 'schedule', schedule }, noCache: true });
    if (!build) return { outcome: `ignored: ${project.gitUrl} has no branch ${project.gitBranch}`, builds: [] };
    return { outcome: 'started 1', builds: [build.id] };
  };
}
