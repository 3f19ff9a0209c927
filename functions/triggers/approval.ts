import type { Logger } from '@aws-lambda-powertools/logger';
import { describeRef } from '../../core/builds/describe-build.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import { commentMark } from '../../core/triggers/approved.ts';
import { HostRefusedError } from '../../services/git-host/host-requests.ts';
import type { PullRequestBuilds, ShownPullRequest, WantedPullRequest } from '../builds/pull-request-builds.ts';
import { changed, type FollowHost } from '../sources/follow-host.ts';
import type { Planned, Planner } from './planner.ts';

interface Services {
  pullRequests: Pick<PullRequestBuilds, 'wanted' | 'show' | 'build'>;
  followHost: FollowHost;
  index: { source: string };
  logger: Logger;
}

/**
 * Builds the commit of a pull request that a maintainer has approved: exactly that commit, as long as it is the head. The comment itself is not
 * trusted: the index says which repository it concerns, and the git host who may approve there and what the head is. If the host does not
 * answer, the trigger is retried; if it refuses, nothing is built.
 */
export function createApprovalPlanner({ pullRequests, followHost, index, logger }: Services): Planner<'approval'> {
  /** Comments on the pull request why nothing was started; one comment serves for all its approvals. */
  async function decline({ repository, number }: WantedPullRequest, reason: string, advice = ''): Promise<Planned> {
    const mark = `${commentMark} approval -->`;
    try {
      const body = `${mark}\nNothing was started. ${reason} ${advice}`.trim();
      await repository.keepComment(number, mark, body);
    } catch (error) {
      if (!(error instanceof HostRefusedError)) throw error;
      logger.warn('The comment about an approval could not be written', { repository: repository.path, number, error });
    }
    return { outcome: `ignored: ${reason}`, builds: [] };
  }

  async function plan(
    { id: delivery, commit, approver }: TriggerOf<'approval'>,
    wanted: WantedPullRequest,
  ): Promise<Planned> {
    const { repository } = wanted;
    if (!(await repository.mayWrite(approver))) {
      return decline(
        wanted,
        `Who lets a pull request be built must be able to write to ${repository.path}, and \`${approver}\` is not.`,
      );
    }
    let refusal: Refusal | undefined;
    const ask = async () => {
      const pull = await pullRequests.show(wanted);
      refusal = refusalOf(wanted, pull, commit);
      return refusal ? undefined : pull;
    };
    const outcomes = await followHost(wanted.tasks, ask, async (task, pull, known) => {
      if (pull?.baseRef !== task.project.gitBranch || !(await pull.isConcerned(task.project))) return undefined;
      // A second approval of the same commit builds it a second time.
      return (await pullRequests.build(task, pull, known, { delivery, isAgain: true, approver })) ?? changed;
    });
    if (refusal) return decline(wanted, refusal.reason, refusal.advice);
    const builds = outcomes.flatMap((build) => build?.id ?? []);
    return { outcome: `approved by ${approver}, started ${builds.length}`, builds };
  }

  return async function planApproval(trigger) {
    const { source, number } = trigger;
    if (source === index.source) {
      return { outcome: 'ignored: a pull request of the index is checked without approval', builds: [] };
    }
    const wanted = await pullRequests.wanted(source, number);
    if (!wanted) return { outcome: `ignored: no entry of the index builds pull requests of ${source}`, builds: [] };
    try {
      return await plan(trigger, wanted);
    } catch (error) {
      if (!(error instanceof HostRefusedError)) throw error;
      logger.error('An approval could not be checked', { repository: wanted.repository.path, number, error });
      return { outcome: `ignored: the approval could not be checked. ${error.message}`, builds: [] };
    }
  };
}

interface Refusal {
  reason: string;
  advice?: string;
}

/** Why an approval of a commit starts nothing, whatever the approver may do. */
function refusalOf(
  { tasks }: WantedPullRequest,
  pull: ShownPullRequest | undefined,
  commit: string | undefined,
): Refusal | undefined {
  if (!pull?.isOpen) return { reason: `The ${describeRef(tasks[0]?.ref ?? '')} is not open.` };
  const advice = `Look at what it changes, and comment \`/ok-to-test ${pull.commit}\`.`;
  if (!commit) return { reason: 'The approval does not name a commit in full.', advice };
  if (commit !== pull.commit)
    return { reason: `The head of the pull request is not \`${commit}\` but \`${pull.commit}\`.`, advice };
  if (!tasks.some(({ project }) => project.gitBranch === pull.baseRef))
    return { reason: `No entry of the index builds pull requests to \`${pull.baseRef}\`.` };
  return undefined;
}
