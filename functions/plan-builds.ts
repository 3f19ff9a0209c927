import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Recipient } from '../core/mail/content.ts';
import { SourceSecretError, UpstreamError } from '../core/model/errors.ts';
import type { Trigger, TriggerOf } from '../core/model/trigger.ts';
import { once } from '../core/once.ts';
import { type PostponeReason, postponement } from '../core/triggers/postpone.ts';
import { type TriggerSenders, triggerFrom } from '../core/triggers/sender.ts';
import { subjectOf } from '../core/triggers/subject.ts';
import { type EventBus, openEventBus } from '../services/aws/event-bus.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { listVariable, variable } from '../services/environment.ts';
import { type CommitStatuses, openCommitStatuses } from '../services/git-host/commit-statuses.ts';
import { HostBusyError, openSourceHost, type SourceHost } from '../services/git-host/git-remote.ts';
import { HostRefusedError } from '../services/git-host/host-requests.ts';
import { openGitHosts } from '../services/git-host/host-tokens.ts';
import type { GitHosts } from '../services/git-host/hosts.ts';
import { indexAddress } from '../services/git-host/index-address.ts';
import { openIndexAuthorization } from '../services/git-host/index-authorization.ts';
import { type IndexRepository, IndexTooSlowError, openIndexRepository } from '../services/git-host/index-repository.ts';
import { openProjectSources, type ProjectSources } from '../services/git-host/project-sources.ts';
import { type Mailer, openMailer } from '../services/mail/mailer.ts';
import { openRepositories, type Repositories } from '../services/registry/repositories.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Cascades, openCascades } from '../services/tables/cascades.ts';
import { type Deliveries, openDeliveries } from '../services/tables/deliveries.ts';
import { type Dependents, openDependents } from '../services/tables/dependents.ts';
import { type Heads, openHeads } from '../services/tables/heads.ts';
import { type Holds, openHolds } from '../services/tables/holds.ts';
import { type IndexHeads, openIndexHead } from '../services/tables/index-head.ts';
import { type OwnCommits, openOwnCommits } from '../services/tables/own-commits.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openRebuilds, type Rebuilds } from '../services/tables/rebuilds.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { createPlanRefs } from './builds/plan-refs.ts';
import { createPullRequestBuilds } from './builds/pull-request-builds.ts';
import { type BuildStarter, openBuildStarter } from './builds/start-build.ts';
import { createAdvanceMember } from './cascade/advance-member.ts';
import { createAnnounce } from './cascade/announce.ts';
import { createAnnounceEnd } from './cascade/announce-release.ts';
import { createNotifyHold } from './holds/notify-hold.ts';
import { createReleaseHeld } from './holds/release-held.ts';
import { createApplyIndex } from './index/apply-index.ts';
import { createCheckIndexPullRequest } from './index/check-pull-request.ts';
import { openRecipients, type Recipients } from './mail/recipients.ts';
import { createFollowHost } from './sources/follow-host.ts';
import { createPathFilter } from './sources/path-filter.ts';
import { createApprovalPlanner } from './triggers/approval.ts';
import { createBasesChangedPlanner } from './triggers/bases-changed.ts';
import { createBuildEndedPlanner } from './triggers/build-ended.ts';
import { createCancelPlanner } from './triggers/cancel.ts';
import { createCancelCascadePlanner } from './triggers/cancel-cascade.ts';
import { createCascadeStepPlanner } from './triggers/cascade-step.ts';
import { createHoldPlanner } from './triggers/hold.ts';
import { createManualPlanner } from './triggers/manual.ts';
import { createPackagesChangedPlanner } from './triggers/packages-changed.ts';
import type { Planned, Planners } from './triggers/planner.ts';
import { createPullRequestPlanner } from './triggers/pull-request.ts';
import { createPushPlanner } from './triggers/push.ts';
import { createRerunPlanner } from './triggers/rerun.ts';
import { createRollbackPlanner } from './triggers/rollback.ts';
import { createSchedulePlanner } from './triggers/schedule.ts';
import { createSourceMovedPlanner } from './triggers/source-moved.ts';
import { createUnholdPlanner } from './triggers/unhold.ts';

/** The services of all planners, except those that `createPlanBuilds` makes from these. */
interface Services
  extends Pick<BuildStarter, 'startAfter' | 'startBuild' | 'startRebuild' | 'resume' | 'resumeHead' | 'cancelBuild'> {
  builds: Builds;
  cascades: Cascades;
  deliveries: Deliveries;
  dependents: Dependents;
  heads: Heads;
  holds: Holds;
  ownCommits: Pick<OwnCommits, 'parentOf'>;
  indexHead: IndexHeads;
  projects: Projects;
  rebuilds: Rebuilds;
  releases: Pick<Releases, 'get'>;
  triggers: Pick<Triggers, 'send' | 'sendBatch'>;
  eventBus: Pick<EventBus, 'publish'>;
  repositories: Pick<Repositories, 'ensure'>;
  index: ReturnType<typeof indexAddress> & {
    repository: IndexRepository;
    authorization(): Promise<string | undefined>;
    allowedHosts: string[];
    mostRecipients: number;
  };
  headOf: SourceHost['headOf'];
  commitsAt: SourceHost['commitsAt'];
  repositoryAt: GitHosts['repositoryAt'];
  projectSources: Pick<ProjectSources, 'commitsAt' | 'headOf'>;
  statuses: Pick<CommitStatuses, 'setForPullRequest'>;
  mailer: Mailer;
  recipients: Recipients;
  operators: Recipient[];
  siteUrl: string;
  logger: Logger;
}

/** Decides which projects a trigger concerns and starts their builds. Handling the same trigger again changes nothing. */
export function createPlanBuilds(services: Services) {
  const { deliveries, triggers, logger } = services;
  const announce = createAnnounce(services);
  const announceEnd = createAnnounceEnd({ ...services, announce });
  const members = createAdvanceMember({ ...services, announceEnd });
  const paths = createPathFilter(services);
  const followHost = createFollowHost(services);
  const planRefs = createPlanRefs({ ...services, paths, followHost });
  const pullRequests = createPullRequestBuilds({ ...services, paths });
  const applyIndex = createApplyIndex({ ...services, announce });
  const checkIndexPullRequest = createCheckIndexPullRequest(services);
  const notifyHold = createNotifyHold(services);
  const planApproval = createApprovalPlanner({ ...services, pullRequests, followHost });
  const planManual = createManualPlanner({ ...services, followHost });
  const planners: Planners = {
    push: createPushPlanner({ ...services, planRefs, applyIndex }),
    'pull-request': createPullRequestPlanner({ ...services, pullRequests, followHost, checkIndexPullRequest }),
    approval: planApproval,
    rerun: createRerunPlanner({ ...services, planApproval, planManual }),
    'source-moved': createSourceMovedPlanner({ ...services, planRefs, applyIndex }),
    'bases-changed': createBasesChangedPlanner({ ...services, announce }),
    'packages-changed': createPackagesChangedPlanner({ announce }),
    schedule: createSchedulePlanner(services),
    manual: planManual,
    rollback: createRollbackPlanner(services),
    hold: createHoldPlanner({ ...services, notifyHold }),
    unhold: createUnholdPlanner({ ...services, releaseHeld: createReleaseHeld(services), notifyHold }),
    cancel: createCancelPlanner(services),
    'cancel-cascade': createCancelCascadePlanner(services),
    'build-ended': createBuildEndedPlanner({ ...services, announceEnd, members }),
    'cascade-step': createCascadeStepPlanner({ members }),
  };
  const plan = <Type extends Trigger['type']>(trigger: TriggerOf<Type> & { type: Type }) =>
    planners[trigger.type](trigger);

  /** Puts a trigger off and leaves it in the queue; false if that was done often enough. */
  async function postpone(trigger: Trigger, reason: PostponeReason, error?: UpstreamError): Promise<boolean> {
    const { postponed = 0 } = trigger;
    const requested = error instanceof HostBusyError ? error.retryAt?.toISOString() : undefined;
    const delay = postponement(reason, postponed, { now: new Date(), random: Math.random(), requested });
    if (delay === undefined) return false;
    await triggers.send({ ...trigger, postponed: postponed + 1 }, delay);
    logger.info('A trigger is put off', { trigger: trigger.id, type: trigger.type, reason, delay, error });
    return true;
  }

  /** Undefined if the trigger is put off, because the git host is down or slow: it does not count as failed, however many hours that takes. */
  async function planOrPostpone(trigger: Trigger): Promise<Planned | undefined> {
    try {
      return await plan(trigger);
    } catch (error) {
      // The watch of repositories finds what is missing, once the secret is there; until then the project's page says what is wrong.
      if (error instanceof SourceSecretError) return { outcome: `ignored: ${error.message}`, builds: [] };
      const isPassing = error instanceof UpstreamError && !(error instanceof HostRefusedError);
      const reason = error instanceof IndexTooSlowError ? 'slow' : 'down';
      if (!isPassing || !(await postpone(trigger, reason, error))) throw error;
      return undefined;
    }
  }

  return async function planBuilds(trigger: Trigger): Promise<void> {
    // A cascade step is not recorded as a delivery: the same step is sent again whenever a project may go on.
    const isRecorded = trigger.type !== 'cascade-step';
    if (isRecorded && (await deliveries.get(trigger.id))) return;
    const planned = await planOrPostpone(trigger);
    if (!planned) return;
    const { outcome, builds, unfinished, isUnseen } = planned;
    logger.info('A trigger is planned', { trigger: trigger.id, type: trigger.type, outcome, builds });
    if (unfinished) await triggers.sendBatch([trigger]);
    else if (isUnseen && (await postpone(trigger, 'unseen'))) return;
    else if (isRecorded)
      await deliveries.put({ delivery: trigger.id, type: trigger.type, subject: subjectOf(trigger), outcome, builds });
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'plan-builds' });
  const planBuilds = createPlanBuilds({
    ...openBuildStarter(logger),
    builds: openBuilds(),
    cascades: openCascades(),
    deliveries: openDeliveries(),
    dependents: openDependents(),
    heads: openHeads(),
    holds: openHolds(),
    ownCommits: openOwnCommits(),
    indexHead: openIndexHead(),
    projects: openProjects(),
    rebuilds: openRebuilds(),
    releases: openReleases(),
    triggers: openTriggers(),
    eventBus: openEventBus(),
    repositories: openRepositories(),
    index: {
      ...indexAddress(),
      repository: openIndexRepository(),
      authorization: openIndexAuthorization(),
      allowedHosts: listVariable('PRIVATE_HOSTS'),
      mostRecipients: Number(variable('MOST_RECIPIENTS')),
    },
    ...openSourceHost(),
    projectSources: openProjectSources(),
    ...openGitHosts(),
    statuses: openCommitStatuses(),
    mailer: openMailer(),
    recipients: openRecipients(logger),
    operators: listVariable('OPERATORS').map((address) => ({ address })),
    siteUrl: variable('SITE_URL'),
    logger,
  });
  return { planBuilds, senders: JSON.parse(variable('TRIGGER_SENDERS')) as TriggerSenders };
});

export function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const { planBuilds, senders } = run();
  return processPartialResponse(
    event,
    ({ body, attributes }: SQSRecord) => planBuilds(triggerFrom(body, attributes.SenderId, senders)),
    new BatchProcessor(EventType.SQS),
    { context },
  );
}
