import type { Logger } from '@aws-lambda-powertools/logger';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { type BuildStarter, createBuildStarter } from '../services/build-starter.ts';
import { createBuilds } from '../services/builds.ts';
import { createCodeBuild } from '../services/codebuild.ts';
import { createCommitStatuses } from '../services/commit-statuses.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createExecutions } from '../services/executions.ts';
import { createGithubToken } from '../services/github-token.ts';
import { createHeads } from '../services/heads.ts';
import { createProjects } from '../services/projects.ts';
import { createRecords } from '../services/records.ts';
import { createSourceHost } from '../services/source-host.ts';
import { openPublicFetch } from './public-fetching.ts';

const logLimitBytes = 32 * 1024 * 1024;

/** What starts builds, for the functions that do. */
export function openBuildStarter(logger: Logger): BuildStarter {
  const client = createDocumentClient();
  const token = createGithubToken(variable('GITHUB_TOKEN_SECRET'));
  return createBuildStarter({
    builds: createBuilds(client, variable('BUILDS_TABLE')),
    projects: createProjects(client, variable('PROJECTS_TABLE')),
    heads: createHeads(client, variable('HEADS_TABLE')),
    records: createRecords(new S3Client({}), variable('RECORDS_BUCKET')),
    executions: createExecutions(new SFNClient({}), variable('STATE_MACHINE_ARN')),
    codeBuild: createCodeBuild(new CodeBuildClient({})),
    statuses: createCommitStatuses(variable('GITHUB_API_URL'), variable('GITHUB_URL'), variable('SITE_URL'), token),
    headOf: createSourceHost(openPublicFetch()).headOf,
    logger,
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
    limits: { timeoutSeconds: Number(variable('BUILD_TIMEOUT_SECONDS')), logLimitBytes },
  });
}
