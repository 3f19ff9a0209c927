import type { GitHost } from '../../core/model/git-host.ts';
import { findSource } from '../../core/sources/source.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Planner } from './planner.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  projects: Pick<Projects, 'get'>;
  repositoryAt: GitHosts['repositoryAt'];
  index: { gitHosts: readonly GitHost[] };
  planApproval: Planner<'approval'>;
  planManual: Planner<'manual'>;
}

/**
 * Runs a build once more for somebody who may write to its repository, which the git host says: that of a pull request as if they had
 * approved its commit, any other as if it was asked for by hand.
 */
export function createRerunPlanner(services: Services): Planner<'rerun'> {
  const { builds, projects, repositoryAt, index, planApproval, planManual } = services;

  return async function planRerun({ id, source, build: buildId, requester }) {
    const build = await builds.get(buildId);
    if (!build || findSource(build.sourceUrl, index.gitHosts) !== source)
      return { outcome: `ignored: ${buildId} is no build of ${source}`, builds: [] };
    const { cause, commit, project, sourceUrl } = build;
    if (cause.type === 'pull-request')
      return planApproval({ type: 'approval', id, source, number: cause.number, commit, approver: requester });
    // The build would be one of the repository that the entry names now, whose people are others.
    if ((await projects.get(project))?.source !== source)
      return { outcome: `ignored: ${project} is not built from ${source} any more`, builds: [] };
    if (!(await repositoryAt(sourceUrl)?.mayWrite(requester)))
      return { outcome: `ignored: ${requester} may not write to ${source}`, builds: [] };
    return planManual({ type: 'manual', id, project, commit, requester });
  };
}
