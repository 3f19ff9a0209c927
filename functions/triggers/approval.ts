import type { Logger } from '@aws-lambda-powertools/logger';
import type { TriggerOf } from '../../core/model/trigger.ts';
import { commentMark } from '../../core/triggers/github-comment.ts';
import { type GithubApi, GithubRefusedError } from '../../services/git-host/github-api.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { PullRequestBuilds } from '../builds/pull-request-builds.ts';
import type { Planned, Planner } from './planner.ts';

interface Services {
  github: Pick<GithubApi, 'keepComment' | 'permission' | 'pullRequest'>;
  projects: Pick<Projects, 'bySource'>;
  pullRequests: PullRequestBuilds;
  index: { source: string };
  logger: Logger;
}

/** GitHub's API also reports the role `maintain` as the permission `write`. */
const approvers = new Set(['admin', 'write']);

/**
 * Builds the commit of a pull request that a maintainer has approved: exactly that commit, as long as it is the head. The comment itself is not
 * trusted: the git host says who may approve and what the head is. If the host does not answer, the trigger is retried; if it refuses,
 * nothing is built.
 */
export function createApprovalPlanner({
  github,
  projects,
  pullRequests,
  index,
  logger,
}: Services): Planner<'approval'> {
  /** Comments on the pull request why nothing was started; one comment serves for all its approvals. */
  async function decline({ repository, number }: TriggerOf<'approval'>, reason: string, advice = ''): Promise<Planned> {
    const mark = `${commentMark} approval -->`;
    try {
      const body = `${mark}\nNothing was started. ${reason} ${advice}`.trim();
      await github.keepComment(repository, number, mark, body);
    } catch (error) {
      if (!(error instanceof GithubRefusedError)) throw error;
      logger.warn('The comment about an approval could not be written', { repository, number, error });
    }
    return { outcome: `ignored: ${reason}`, builds: [] };
  }

  async function plan(trigger: TriggerOf<'approval'>): Promise<Planned> {
    const { id, source, repository, number, commit, approver, receivedAt } = trigger;
    if (!(await projects.bySource(source)).some(({ active, pullRequests }) => active && pullRequests)) {
      return { outcome: `ignored: no entry of the index builds pull requests of ${source}`, builds: [] };
    }
    const permission = await github.permission(repository, approver);
    if (!approvers.has(permission)) {
      return decline(
        trigger,
        `Who lets a pull request be built must be able to write to ${repository}, and \`${approver}\` is not.`,
      );
    }
    const pullRequest = await github.pullRequest(repository, number);
    if (!pullRequest?.isOpen) return decline(trigger, `The pull request #${number} is not open.`);
    const advice = `Look at what it changes, and comment \`/ok-to-test ${pullRequest.commit}\`.`;
    if (!commit) return decline(trigger, 'The approval does not name a commit in full.', advice);
    if (commit !== pullRequest.commit) {
      return decline(
        trigger,
        `The head of the pull request is not \`${commit}\` but \`${pullRequest.commit}\`.`,
        advice,
      );
    }
    const { baseRef, author } = pullRequest;
    const concerned = await pullRequests.projectsOf(source, baseRef);
    if (concerned.length === 0)
      return decline(trigger, `No entry of the index builds pull requests to \`${baseRef}\`.`);
    const proposed = { trigger: id, headAt: receivedAt, number, commit, baseRef, author, approver };
    const isConcerned = pullRequests.filter(baseRef, commit);
    const builds: string[] = [];
    for (const project of concerned) {
      if (!(await isConcerned(project))) continue;
      // A second approval of the same commit builds it a second time.
      const build = await pullRequests.build(project, proposed, false);
      if (build) builds.push(build.id);
    }
    return { outcome: `approved by ${approver}, started ${builds.length}`, builds };
  }

  return async function planApproval(trigger) {
    if (trigger.source === index.source) {
      return { outcome: 'ignored: a pull request of the index is checked without approval', builds: [] };
    }
    try {
      return await plan(trigger);
    } catch (error) {
      if (!(error instanceof GithubRefusedError)) throw error;
      logger.error('An approval could not be checked', {
        repository: trigger.repository,
        number: trigger.number,
        error,
      });
      return { outcome: `ignored: the approval could not be checked. ${error.message}`, builds: [] };
    }
  };
}
