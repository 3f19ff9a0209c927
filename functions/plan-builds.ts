import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type Trigger, type TriggerOf, triggerSchema } from '../core/model/trigger.ts';
import { once } from '../core/once.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { listVariable, variable } from '../services/environment.ts';
import { type CommitStatuses, openCommitStatuses } from '../services/git-host/commit-statuses.ts';
import { type HeadOf, openSourceHost } from '../services/git-host/git-remote.ts';
import { type GithubApi, openGithubApi } from '../services/git-host/github-api.ts';
import { indexAddress } from '../services/git-host/index-address.ts';
import { type IndexRepository, openIndexRepository } from '../services/git-host/index-repository.ts';
import { type Mailer, openMailer } from '../services/mail/mailer.ts';
import { openRepositories, type Repositories } from '../services/registry/repositories.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Cascades, openCascades } from '../services/tables/cascades.ts';
import { type Deliveries, openDeliveries } from '../services/tables/deliveries.ts';
import { type Dependents, openDependents } from '../services/tables/dependents.ts';
import { type Heads, openHeads } from '../services/tables/heads.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openRebuilds, type Rebuilds } from '../services/tables/rebuilds.ts';
import { createPullRequestBuilds } from './builds/pull-request-builds.ts';
import { type BuildStarter, openBuildStarter } from './builds/start-build.ts';
import { createAdvanceMember } from './cascade/advance-member.ts';
import { createAnnounce } from './cascade/announce.ts';
import { createAnnounceEnd } from './cascade/announce-release.ts';
import { createApplyIndexPush } from './index/apply-push.ts';
import { createCheckIndexPullRequest } from './index/check-pull-request.ts';
import { createPathFilter } from './sources/path-filter.ts';
import { createApprovalPlanner } from './triggers/approval.ts';
import { createBasesChangedPlanner } from './triggers/bases-changed.ts';
import { createBuildEndedPlanner } from './triggers/build-ended.ts';
import { createCascadeStepPlanner } from './triggers/cascade-step.ts';
import { createManualPlanner } from './triggers/manual.ts';
import { createPackagesChangedPlanner } from './triggers/packages-changed.ts';
import type { Planners } from './triggers/planner.ts';
import { createPullRequestPlanner } from './triggers/pull-request.ts';
import { createPushPlanner } from './triggers/push.ts';
import { createSchedulePlanner } from './triggers/schedule.ts';
import { createSourceMovedPlanner } from './triggers/source-moved.ts';

/** The services of all planners, except those that `createPlanBuilds` makes from these. */
interface Services
  extends Pick<BuildStarter, 'startWaiting' | 'startBuild' | 'startRebuild' | 'recordHead' | 'cancelBuild'> {
  builds: Builds;
  cascades: Cascades;
  deliveries: Deliveries;
  dependents: Dependents;
  heads: Heads;
  projects: Projects;
  rebuilds: Rebuilds;
  triggers: Pick<Triggers, 'sendBatch'>;
  repositories: Repositories;
  index: ReturnType<typeof indexAddress> & {
    repository: IndexRepository;
    allowedHosts: string[];
    mostRecipients: number;
  };
  headOf: HeadOf;
  github: GithubApi;
  statuses: Pick<CommitStatuses, 'setForPullRequest'>;
  mailer: Mailer;
  operators: string[];
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
  const pullRequests = createPullRequestBuilds({ ...services, paths });
  const applyIndexPush = createApplyIndexPush({ ...services, announce });
  const checkIndexPullRequest = createCheckIndexPullRequest(services);
  const planners: Planners = {
    push: createPushPlanner({ ...services, paths, applyIndexPush }),
    'pull-request': createPullRequestPlanner({ ...services, pullRequests, checkIndexPullRequest }),
    approval: createApprovalPlanner({ ...services, pullRequests }),
    'source-moved': createSourceMovedPlanner({ ...services, paths, applyIndexPush }),
    'bases-changed': createBasesChangedPlanner({ ...services, announce }),
    'packages-changed': createPackagesChangedPlanner({ announce }),
    schedule: createSchedulePlanner(services),
    manual: createManualPlanner(services),
    'build-ended': createBuildEndedPlanner({ ...services, announceEnd, members }),
    'cascade-step': createCascadeStepPlanner({ members }),
  };
  const plan = <Type extends Trigger['type']>(trigger: TriggerOf<Type> & { type: Type }) =>
    planners[trigger.type](trigger);

  return async function planBuilds(trigger: Trigger): Promise<void> {
    // A cascade step is not recorded as a delivery: the same step is sent again whenever a project may go on.
    const isRecorded = trigger.type !== 'cascade-step';
    if (isRecorded && (await deliveries.get(trigger.id))) return;
    const { outcome, builds, unfinished } = await plan(trigger);
    if (unfinished) await triggers.sendBatch([trigger]);
    else if (isRecorded) await deliveries.put({ delivery: trigger.id, outcome, builds });
    logger.info('A trigger is planned', { trigger: trigger.id, type: trigger.type, outcome, builds });
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'plan-builds' });
  return createPlanBuilds({
    ...openBuildStarter(logger),
    builds: openBuilds(),
    cascades: openCascades(),
    deliveries: openDeliveries(),
    dependents: openDependents(),
    heads: openHeads(),
    projects: openProjects(),
    rebuilds: openRebuilds(),
    triggers: openTriggers(),
    repositories: openRepositories(),
    index: {
      ...indexAddress(),
      repository: openIndexRepository(),
      allowedHosts: listVariable('PRIVATE_HOSTS'),
      mostRecipients: Number(variable('MOST_RECIPIENTS')),
    },
    headOf: openSourceHost().headOf,
    github: openGithubApi(),
    statuses: openCommitStatuses(),
    mailer: openMailer(),
    operators: listVariable('OPERATORS'),
    siteUrl: variable('SITE_URL'),
    logger,
  });
});

export function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const planBuilds = run();
  return processPartialResponse(
    event,
    (record: SQSRecord) => planBuilds(triggerSchema.parse(JSON.parse(record.body))),
    new BatchProcessor(EventType.SQS),
    { context },
  );
}
