import type { Project } from '../../core/model/project.ts';
import { touches } from '../../core/sources/path-filter.ts';
import { GithubRefusedError } from '../../services/git-host/github-api.ts';
import type { PlanServices } from '../wiring/plan-services.ts';

/** A push is asked about by all projects of its repository at once. */
const mostRemembered = 100;

/**
 * Asks the git host whether commits touch the paths of projects, once for all that ask the same. Whatever cannot be told for sure counts as touched: a build too many
 * is only a build.
 */
export function createPathFilter({ github, heads, logger }: Pick<PlanServices, 'github' | 'heads' | 'logger'>) {
  const comparisons = new Map<string, ReturnType<PlanServices['github']['compare']>>();

  function compare(repository: string, base: string, head: string) {
    const question = `${repository} ${base}...${head}`;
    const asked = comparisons.get(question) ?? github.compare(repository, base, head);
    if (comparisons.size >= mostRemembered) comparisons.clear();
    comparisons.set(question, asked);
    // Another time the host may answer.
    asked.catch(() => comparisons.delete(question));
    return asked;
  }

  async function touched(project: Project, base: string, head: string, needsAncestor: boolean): Promise<boolean> {
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
      return touched(project, known.commit, commit, true);
    },

    /** Whether a pull request touches the project: all of its commits, beside the branch that they are to be merged into. */
    async concernsPullRequest(project: Project, baseRef: string, commit: string): Promise<boolean> {
      return !project.paths?.length || touched(project, baseRef, commit, false);
    },
  };
}
