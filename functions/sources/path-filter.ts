import type { Logger } from '@aws-lambda-powertools/logger';
import { isTracked, type Project } from '../../core/model/project.ts';
import { touches } from '../../core/sources/path-filter.ts';
import { HostRefusedError } from '../../services/git-host/host-requests.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import type { RepositoryApi } from '../../services/git-host/repository-api.ts';

/** How many comparisons are remembered. All projects of a repository need the comparison of a push at about the same time. */
const mostRemembered = 100;

interface Services {
  repositoryAt: GitHosts['repositoryAt'];
  logger: Logger;
}

type Compare = (repository: RepositoryApi, base: string, head: string) => ReturnType<RepositoryApi['compare']>;

/**
 * Finds out whether commits touch the paths of projects, with one request to the git host for all projects that need the same comparison.
 * When in doubt, they count as touched: a superfluous build does less harm than a missing one.
 */
export function createPathFilter({ repositoryAt, logger }: Services) {
  const compareCommits = remembering();

  async function touched(
    compare: Compare,
    project: Project,
    [base, head]: [base: string, head: string],
    needsAncestor: boolean,
  ): Promise<boolean> {
    const { paths = [], gitUrl } = project;
    const repository = repositoryAt(gitUrl);
    if (!repository) return true;
    try {
      const comparison = await compare(repository, base, head);
      if (!comparison || (needsAncestor && !comparison.isAhead)) return true;
      return touches(paths, comparison.files);
    } catch (error) {
      const level = error instanceof HostRefusedError ? 'warn' : 'error';
      logger[level]('The files of a push are not known, so it is built', {
        project: project.name,
        error: error as Error,
      });
      return true;
    }
  }

  return {
    /** Whether a new head of the tracked branch touches the project, compared to the known head. */
    async concernsHead(
      project: Project,
      ref: string,
      { known, commit }: { known: string | undefined; commit: string },
    ): Promise<boolean> {
      if (!project.paths?.length || !isTracked(project, ref) || known === undefined) return true;
      // After a forced push, the commits that were removed may have touched the project too.
      return touched(compareCommits, project, [known, commit], true);
    },

    /**
     * Whether a pull request touches a project: all of its commits, compared to the branch that it is to be merged into. These comparisons
     * are kept for one event only, because that branch moves.
     */
    ofPullRequest(baseRef: string, commit: string): (project: Project) => Promise<boolean> {
      const compare = remembering();
      return async (project) => !project.paths?.length || touched(compare, project, [baseRef, commit], false);
    },
  };
}

export type PathFilter = ReturnType<typeof createPathFilter>;

function remembering(): Compare {
  const comparisons = new Map<string, ReturnType<Compare>>();
  return (repository, base, head) => {
    const key = `${repository.host.url} ${repository.path} ${base}...${head}`;
    const comparison = comparisons.get(key) ?? repository.compare(base, head);
    if (comparisons.size >= mostRemembered) comparisons.clear();
    comparisons.set(key, comparison);
    // A failed request is not remembered: the host may answer the next one.
    comparison.catch(() => comparisons.delete(key));
    return comparison;
  };
}
