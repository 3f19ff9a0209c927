import type { Logger } from '@aws-lambda-powertools/logger';
import type { Build } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import type { CommitStatuses } from '../../services/git-host/commit-statuses.ts';
import { GithubRefusedError, type StatusMark } from '../../services/git-host/github-api.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { PathFilter } from '../sources/path-filter.ts';
import type { StartBuild } from './start-build.ts';

interface Services {
  projects: Pick<Projects, 'bySource'>;
  statuses: Pick<CommitStatuses, 'setForPullRequest'>;
  paths: Pick<PathFilter, 'ofPullRequest'>;
  startBuild: StartBuild;
  logger: Logger;
}

export interface ProposedCommit {
  /** The id of the trigger, and when the git host got the commit. */
  trigger: string;
  headAt: string;
  number: number;
  commit: string;
  baseRef: string;
  author: string;
  approver?: string;
}

/** The ref under which a git host keeps the head of a pull request, also one of a fork. */
export function pullRequestRef(number: number): string {
  return `refs/pull/${number}/head`;
}

/** What every trigger does for a commit of a pull request: a build that is never released, and a commit status. */
export function createPullRequestBuilds({ projects, statuses, paths, startBuild, logger }: Services) {
  async function mark(project: Project, commit: string, status: Pick<StatusMark, 'state' | 'description'>) {
    try {
      await statuses.setForPullRequest(project, commit, status);
    } catch (error) {
      // The token lacks the permission, so a retry would not help. After any other error the whole trigger is retried.
      if (!(error instanceof GithubRefusedError)) throw error;
      logger.warn('The commit status could not be set', { project: project.name, commit, error });
    }
  }

  return {
    mark,

    /** The projects that want pull requests to a branch of a repository built. */
    async projectsOf(source: string, baseRef: string): Promise<Project[]> {
      const tracking = await projects.bySource(source);
      return tracking.filter(({ active, pullRequests, gitBranch }) => active && pullRequests && gitBranch === baseRef);
    },

    /** Whether the pull request touches the project's paths. If not, the commit still gets a status, because its merge may require one. */
    filter(baseRef: string, commit: string): (project: Project) => Promise<boolean> {
      const isTouched = paths.ofPullRequest(baseRef, commit);
      return async (project) => {
        if (await isTouched(project)) return true;
        await mark(project, commit, {
          state: 'success',
          description: 'Not built: none of the paths of the entry is touched',
        });
        return false;
      };
    },

    /** @param unlessKnown do not build a commit again that was built for the pull request before */
    build(project: Project, proposed: ProposedCommit, unlessKnown: boolean): Promise<Build | undefined> {
      const { trigger, headAt, number, commit, author, approver } = proposed;
      return startBuild({
        trigger,
        project,
        cause: { type: 'pull-request', delivery: trigger, number, commit, author, approver },
        commit,
        ref: pullRequestRef(number),
        headAt,
        unlessKnown,
      });
    },
  };
}

export type PullRequestBuilds = ReturnType<typeof createPullRequestBuilds>;
