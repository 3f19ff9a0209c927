import type { Logger } from '@aws-lambda-powertools/logger';
import type { Project } from '../../core/model/project.ts';
import { touches } from '../../core/sources/path-filter.ts';
import { type GithubApi, GithubRefusedError } from '../../services/git-host/github-api.ts';
import type { Heads } from '../../services/tables/heads.ts';

/** A push is asked about by all projects of its repository at once. */
const mostRemembered = 100;

interface Services {
  github: Pick<GithubApi, 'compare' | 'repositoryAt'>;
  heads: Pick<Heads, 'get'>;
  logger: Logger;
}

type Compare = GithubApi['compare'];

/**
 * Asks the git host whether commits touch the paths of projects, once for all that ask the same. Whatever cannot be told for sure
 * counts as touched: a build too many is only a build.
 */
export function createPathFilter({ github, heads, logger }: Services) {
  const compareCommits = remembering(github.compare);

  async function touched(
    compare: Compare,
    project: Project,
    [base, head]: [base: string, head: string],
    needsAncestor: boolean,
  ): Promise<boolean> {
    const { paths = [], gitUrl } = project;
    const repository = github.repositoryAt(gitUrl);
    if (!repository) return true;
    try {
      const comparison = await compare(repository, base, head);
      if (!comparison || (needsAncestor && !comparison.isAhead)) return true;
      return touches(paths, comparison.files);
    } catch (error) {
      const level = error instanceof GithubRefusedError ? 'warn' : 'error';
      logger[level]('The files of a push are not known: it is built', { project: project.name, error: error as Error });
      return true;
    }
  }

  return {
    /** Whether a new head of the tracked branch touches the project, compared to the head that is known. */
    async concernsHead(project: Project, ref: string, commit: string): Promise<boolean> {
      if (!project.paths?.length || ref !== `refs/heads/${project.gitBranch}`) return true;
      const known = await heads.get(project.name, ref);
      if (!known || known.commit === commit) return true;
      // After a forced push, what is gone may have touched the project too.
      return touched(compareCommits, project, [known.commit, commit], true);
    },

    /**
     * Whether a pull request touches a project: all of its commits, beside the branch that they are to be merged into. What is known of
     * that branch is forgotten after the event: it moves.
     */
    ofPullRequest(baseRef: string, commit: string): (project: Project) => Promise<boolean> {
      const compare = remembering(github.compare);
      return async (project) => !project.paths?.length || touched(compare, project, [baseRef, commit], false);
    },
  };
}

export type PathFilter = ReturnType<typeof createPathFilter>;

function remembering(compare: Compare): Compare {
  const comparisons = new Map<string, ReturnType<Compare>>();
  return (repository, base, head) => {
    const question = `${repository} ${base}...${head}`;
    const asked = comparisons.get(question) ?? compare(repository, base, head);
    if (comparisons.size >= mostRemembered) comparisons.clear();
    comparisons.set(question, asked);
    // Another time the host may answer.
    asked.catch(() => comparisons.delete(question));
    return asked;
  };
}
