import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { ECRClient } from '@aws-sdk/client-ecr';
import { SESClient } from '@aws-sdk/client-ses';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type Trigger, type TriggerOf, triggerSchema } from '../core/model/trigger.ts';
import { sourceOf } from '../core/sources/source.ts';
import { createTriggers } from '../services/aws/triggers.ts';
import { variable } from '../services/environment.ts';
import { createCommitStatuses } from '../services/git-host/commit-statuses.ts';
import { createSourceHost } from '../services/git-host/git-remote.ts';
import { createGithubApi } from '../services/git-host/github-api.ts';
import { createGithubToken } from '../services/git-host/github-token.ts';
import { createIndexRepository } from '../services/git-host/index-repository.ts';
import { createMailer } from '../services/mail/mailer.ts';
import { createRepositories } from '../services/registry/repositories.ts';
import { createBuilds } from '../services/tables/builds.ts';
import { createCascades } from '../services/tables/cascades.ts';
import { createDeliveries } from '../services/tables/deliveries.ts';
import { createDependents } from '../services/tables/dependents.ts';
import { createDocumentClient } from '../services/tables/dynamodb.ts';
import { createHeads } from '../services/tables/heads.ts';
import { createProjects } from '../services/tables/projects.ts';
import { createRebuilds } from '../services/tables/rebuilds.ts';
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
import { openBuildStarter } from './wiring/build-starter.ts';
import type { PlanServices } from './wiring/plan-services.ts';
import { openPublicFetch } from './wiring/public-fetch.ts';

/** Decides which projects a trigger concerns and starts their builds. Handling the same trigger again changes nothing. */
export function createPlanBuilds(services: PlanServices) {
  const { deliveries, triggers, logger } = services;
  const planners: Planners = {
    push: createPushPlanner(services),
    'pull-request': createPullRequestPlanner(services),
    approval: createApprovalPlanner(services),
    'source-moved': createSourceMovedPlanner(services),
    'bases-changed': createBasesChangedPlanner(services),
    'packages-changed': createPackagesChangedPlanner(services),
    schedule: createSchedulePlanner(services),
    manual: createManualPlanner(services),
    'build-ended': createBuildEndedPlanner(services),
    'cascade-step': createCascadeStepPlanner(services),
  };
  const plan = <Type extends Trigger['type']>(trigger: TriggerOf<Type> & { type: Type }) =>
    planners[trigger.type](trigger);

  return async function planBuilds(trigger: Trigger): Promise<void> {
    // A step is no news: the same one is taken again whenever something has moved.
    const isNews = trigger.type !== 'cascade-step';
    if (isNews && (await deliveries.get(trigger.id))) return;
    const { outcome, builds, unfinished } = await plan(trigger);
    if (unfinished) await triggers.sendBatch([trigger]);
    else if (isNews) await deliveries.put({ delivery: trigger.id, outcome, builds });
    logger.info('A trigger is planned', { trigger: trigger.id, type: trigger.type, outcome, builds });
  };
}

const logger = new Logger({ serviceName: 'plan-builds' });
const processor = new BatchProcessor(EventType.SQS);
let run: ReturnType<typeof createPlanBuilds> | undefined;

export function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  run ??= createPlanBuilds(services());
  const planBuilds = run;
  return processPartialResponse(
    event,
    (record: SQSRecord) => planBuilds(triggerSchema.parse(JSON.parse(record.body))),
    processor,
    { context },
  );
}

function services(): PlanServices {
  const client = createDocumentClient();
  const token = createGithubToken(variable('GITHUB_TOKEN_SECRET'));
  const projects = createProjects(client, variable('PROJECTS_TABLE'));
  const repositoryPrefix = variable('REPOSITORY_PREFIX');
  const [githubUrl, apiUrl, siteUrl, indexName] = [
    variable('GITHUB_URL'),
    variable('GITHUB_API_URL'),
    variable('SITE_URL'),
    variable('INDEX_REPOSITORY'),
  ];
  return {
    ...openBuildStarter(logger),
    builds: createBuilds(client, variable('BUILDS_TABLE')),
    cascades: createCascades(client, variable('CASCADES_TABLE')),
    dependents: createDependents(client, variable('DEPENDENTS_TABLE')),
    rebuilds: createRebuilds(client, variable('CASCADES_TABLE')),
    triggers: createTriggers(variable('TRIGGERS_QUEUE_URL')),
    heads: createHeads(client, variable('HEADS_TABLE')),
    projects,
    deliveries: createDeliveries(client, variable('DELIVERIES_TABLE')),
    repositories: createRepositories(new ECRClient({}), repositoryPrefix),
    index: {
      name: indexName,
      url: `${githubUrl}/${indexName}`,
      source: sourceOf(`${githubUrl}/${indexName}`),
      ref: `refs/heads/${variable('INDEX_BRANCH')}`,
      repository: createIndexRepository(apiUrl, indexName, token),
      allowedHosts: JSON.parse(variable('PRIVATE_HOSTS')) as string[],
    },
    headOf: createSourceHost(openPublicFetch()).headOf,
    github: createGithubApi({ apiUrl, url: githubUrl, token }),
    statuses: createCommitStatuses(apiUrl, githubUrl, siteUrl, token),
    mailer: createMailer({ client: new SESClient({}), sender: variable('SENDER') }),
    operators: JSON.parse(variable('OPERATORS')) as string[],
    siteUrl,
    logger,
  };
}
