import type { Cause } from '../../core/model/build.ts';
import type { ProjectSources } from '../../services/git-host/project-sources.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { StartBuild } from '../builds/start-build.ts';
import { changed, type FollowHost } from '../sources/follow-host.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  projectSources: Pick<ProjectSources, 'headOf'>;
  followHost: FollowHost;
  startBuild: StartBuild;
}

/**
 * Starts a build that somebody requested by hand. The head of the tracked branch is released, as after a push. Any other commit is built,
 * scanned and judged, but not released: it may be older than what the tags name, or come from an untrusted user, because git hosts serve the
 * commits of forks as the repository's own.
 */
export function createManualPlanner({ projects, projectSources, followHost, startBuild }: Services): Planner<'manual'> {
  return async function planManual({ id: trigger, project: name, commit: requested, requester }) {
    const project = await projects.get(name);
    if (!project?.active) return { outcome: `ignored: ${name} is not in the index`, builds: [] };
    const { gitUrl, gitBranch } = project;
    const order = { trigger, project, cause: { type: 'manual', requester } satisfies Cause };
    const branch = { project, ref: `refs/heads/${gitBranch}` };
    const aside = { project, ref: `refs/commits/${requested}` };

    const ask = async () => {
      const head = await projectSources.headOf(project);
      return { head, isHead: requested === undefined || requested === head };
    };
    const [build] = await followHost([branch], ask, async ({ ref }, { head, isHead }, known) => {
      if (!isHead || head === undefined) return undefined;
      return (await startBuild({ ...order, ref, commit: head, known })) ?? changed;
    });
    if (build) return { outcome: 'started 1', builds: [build.id] };
    if (requested === undefined) return { outcome: `ignored: ${gitUrl} has no branch ${gitBranch}`, builds: [] };

    const named = async () => requested;
    const started = await followHost([aside], named, async ({ ref }, commit, known) => {
      return (await startBuild({ ...order, ref, commit, known })) ?? changed;
    });
    const outcome = `started 1, not to be released: it is not the head of ${gitBranch}`;
    return { outcome, builds: started.map(({ id }) => id) };
  };
}
