import type { Logger } from '@aws-lambda-powertools/logger';
import { describeRef } from '../../core/builds/describe-build.ts';
import type { Build } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import { pullRequestRef } from '../../core/model/pull-request.ts';
import type { CommitStatuses, PullRequestStatus } from '../../services/git-host/commit-statuses.ts';
import { HostRefusedError } from '../../services/git-host/host-requests.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import type { PullRequest, RepositoryApi } from '../../services/git-host/repository-api.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Head } from '../../services/tables/heads.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { RefTask } from '../sources/follow-host.ts';
import type { PathFilter } from '../sources/path-filter.ts';
import type { BuildStarter } from './start-build.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  projects: Pick<Projects, 'bySource'>;
  repositoryAt: GitHosts['repositoryAt'];
  statuses: Pick<CommitStatuses, 'setForPullRequest'>;
  paths: Pick<PathFilter, 'ofPullRequest'>;
  startBuild: BuildStarter['startBuild'];
  resumeHead: BuildStarter['resumeHead'];
  cancelBuild: BuildStarter['cancelBuild'];
  logger: Logger;
}

/** A pull request of a repository, and the projects that want it built. */
export interface WantedPullRequest {
  /** It comes from the entries of the index, because an event may name any repository. */
  repository: RepositoryApi;
  number: number;
  tasks: RefTask[];
}

/** A pull request as the git host shows it. */
export interface ShownPullRequest extends PullRequest {
  number: number;
  /** Whether it touches a project's paths. If not, the commit still gets a status, because its merge may require one. */
  isConcerned(project: Project): Promise<boolean>;
}

/** Who or what has the commit built. */
interface Request {
  /** The event's id. */
  delivery: string;
  /** Build the commit again even if it has a build. */
  isAgain?: boolean;
  approver?: string;
}

const closedError = 'PullRequestClosedError';

/** What every trigger does for a commit of a pull request: a build that is never released, and a commit status. */
export function createPullRequestBuilds(services: Services) {
  const { builds, projects, repositoryAt, statuses, paths, startBuild, resumeHead, cancelBuild, logger } = services;

  async function mark(project: Project, head: { number: number; commit: string }, status: PullRequestStatus) {
    try {
      await statuses.setForPullRequest(project, head, status);
    } catch (error) {
      // The token lacks the permission, so a retry would not help. After any other error the whole trigger is retried.
      if (!(error instanceof HostRefusedError)) throw error;
      logger.warn('The commit status could not be set', { project: project.name, commit: head.commit, error });
    }
  }

  function orderOf({ project, ref }: RefTask, { number, commit, author }: ShownPullRequest, request: Request) {
    const { delivery, isAgain, approver } = request;
    const cause = { type: 'pull-request', delivery, number, commit, author, approver } as const;
    return { trigger: isAgain ? delivery : undefined, project, ref, cause };
  }

  return {
    mark,

    /** Undefined if no entry of the index wants the pull requests of a repository built. */
    async wanted(source: string, number: number): Promise<WantedPullRequest | undefined> {
      const wanting = (await projects.bySource(source)).filter(({ active, pullRequests }) => active && pullRequests);
      const [repository] = wanting.flatMap(({ gitUrl }) => repositoryAt(gitUrl) ?? []);
      if (!repository) return undefined;
      const ref = pullRequestRef(repository.host.kind, number);
      return { repository, number, tasks: wanting.map((project) => ({ project, ref })) };
    },

    /** Asks the git host for the pull request; undefined if there is none of this number. */
    async show({ repository, number }: WantedPullRequest): Promise<ShownPullRequest | undefined> {
      const pull = await repository.pullRequest(number);
      if (!pull) return undefined;
      const isTouched = paths.ofPullRequest(pull.baseRef, pull.commit);
      return {
        ...pull,
        number,
        async isConcerned(project) {
          if (await isTouched(project)) return true;
          const description = 'Not built: none of the paths of the entry is touched';
          await mark(project, { number, commit: pull.commit }, { state: 'success', description });
          return false;
        },
      };
    },

    /** Builds the commit; undefined if another process changed the head since it was read. */
    build: (
      task: RefTask,
      pull: ShownPullRequest,
      known: Head | undefined,
      request: Request,
    ): Promise<Build | undefined> => startBuild({ ...orderOf(task, pull, request), commit: pull.commit, known }),

    /** Starts the build of a head that is known already, if it has not begun yet. */
    resume: (task: RefTask, pull: ShownPullRequest, known: Head, request: Request): Promise<Build | undefined> =>
      resumeHead(orderOf(task, pull, request), known),

    /** Cancels the build of a closed pull request, because nobody needs its result any more. False if none was running. */
    async close({ ref }: RefTask, known: Head | undefined): Promise<boolean> {
      const failure = { error: closedError, message: `The ${describeRef(ref)} was closed.` };
      return known?.build !== undefined && (await cancelBuild(known.build, failure));
    },

    /** Whether the build of a head was cancelled because the pull request was closed. */
    async wasClosed({ build }: Head): Promise<boolean> {
      return build !== undefined && (await builds.get(build))?.failure?.error === closedError;
    },
  };
}

export type PullRequestBuilds = ReturnType<typeof createPullRequestBuilds>;
