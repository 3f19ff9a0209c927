import type { Logger } from '@aws-lambda-powertools/logger';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { createCodeBuild } from '../../services/aws/codebuild.ts';
import { createExecutions } from '../../services/aws/executions.ts';
import { variable } from '../../services/environment.ts';
import { createCommitStatuses } from '../../services/git-host/commit-statuses.ts';
import { createSourceHost } from '../../services/git-host/git-remote.ts';
import { createGithubToken } from '../../services/git-host/github-token.ts';
import { createRecords } from '../../services/records/records.ts';
import { createBuilds } from '../../services/tables/builds.ts';
import { createDocumentClient } from '../../services/tables/dynamodb.ts';
import { createHeads } from '../../services/tables/heads.ts';
import { createProjects } from '../../services/tables/projects.ts';
import { type BuildStarter, createBuildStarter } from '../builds/start-build.ts';
import { openPublicFetch } from './public-fetch.ts';

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
