import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { ECRClient } from '@aws-sdk/client-ecr';
import { S3Client } from '@aws-sdk/client-s3';
import { SESClient } from '@aws-sdk/client-ses';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Cause } from '../core/build.ts';
import { planPush } from '../core/plan.ts';
import { sourceOf } from '../core/source.ts';
import { type PushTrigger, triggerSchema } from '../core/trigger.ts';
import { createBuildStarter } from '../services/build-starter.ts';
import { createBuilds } from '../services/builds.ts';
import { createCommitStatuses } from '../services/commit-statuses.ts';
import { createDeliveries } from '../services/deliveries.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createExecutions } from '../services/executions.ts';
import { createGithubToken } from '../services/github-token.ts';
import { createIndexApplier, type IndexServices, type Planned } from '../services/index-applier.ts';
import { createIndexRepository } from '../services/index-repository.ts';
import { createMailer } from '../services/mail.ts';
import { createProjects } from '../services/projects.ts';
import { createRecords } from '../services/records.ts';
import { createRepositories } from '../services/repositories.ts';
import { headOf } from '../services/source-host.ts';

const logLimitBytes = 32 * 1024 * 1024;

/** Decides which projects a trigger concerns and starts their builds. Handling the same trigger again changes nothing. */
export function createPlanBuilds(services: IndexServices) {
  const { startBuild, projects, deliveries, index, logger } = services;
  const applyIndex = createIndexApplier(services);

  async function pushOfSource(push: PushTrigger): Promise<Planned> {
    const plan = planPush(push, await projects.bySource(push.source));
    if ('ignored' in plan) return { outcome: `ignored: ${plan.ignored}`, builds: [] };
    const cause: Cause = { type: 'push', delivery: push.id, ref: push.ref, commit: plan.commit, pusher: push.pusher };
    const builds: string[] = [];
    for (const project of plan.projects) {
      const { id: trigger, ref, receivedAt: headAt } = push;
      const build = await startBuild({ trigger, project, cause, commit: plan.commit, ref, headAt });
      builds.push(build.id);
    }
    return { outcome: `started ${builds.length}`, builds };
  }

  return async function planBuilds(trigger: PushTrigger): Promise<void> {
    if (await deliveries.get(trigger.id)) return;
    const isIndex = trigger.source === index.source && trigger.ref === index.ref;
    const { outcome, builds } = isIndex ? await applyIndex(trigger) : await pushOfSource(trigger);
    await deliveries.put({ delivery: trigger.id, outcome, builds });
    logger.info('A trigger is planned', { trigger: trigger.id, source: trigger.source, outcome, builds });
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

function services(): IndexServices {
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
    startBuild: createBuildStarter({
      builds: createBuilds(client, variable('BUILDS_TABLE')),
      projects,
      records: createRecords(new S3Client({}), variable('RECORDS_BUCKET')),
      executions: createExecutions(new SFNClient({}), variable('STATE_MACHINE_ARN')),
      statuses: createCommitStatuses(apiUrl, githubUrl, siteUrl, token),
      logger,
      repositoryPrefix,
      limits: { timeoutSeconds: Number(variable('BUILD_TIMEOUT_SECONDS')), logLimitBytes },
    }),
    projects,
    deliveries: createDeliveries(client, variable('DELIVERIES_TABLE')),
    repositories: createRepositories(new ECRClient({}), repositoryPrefix),
    index: {
      name: indexName,
      source: sourceOf(`${githubUrl}/${indexName}`),
      ref: `refs/heads/${variable('INDEX_BRANCH')}`,
      repository: createIndexRepository(apiUrl, indexName, token),
    },
    headOf,
    mailer: createMailer({ client: new SESClient({}), sender: variable('SENDER') }),
    operators: JSON.parse(variable('OPERATORS')) as string[],
    siteUrl,
    logger,
  };
}
