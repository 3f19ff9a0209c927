import { randomUUID } from 'node:crypto';
import { type Account, accountIn, type Caller } from '../service.ts';
import { type Build, now } from './build.ts';
import type { ProjectProperties, StartBuild } from './schema.ts';

export interface Project {
  name: string;
  arn: string;
  properties: ProjectProperties;
}

/** A build as StartBuild makes it: the project's settings with the caller's overrides. */
export function newBuild(
  account: Account,
  project: Project,
  input: StartBuild,
  caller: Caller,
  buildNumber: number,
): Build {
  const { properties, name } = project;
  const owner = accountIn(project.arn);
  const uuid = randomUUID();
  const id = `${name}:${uuid}`;
  const groupName = properties.LogsConfig?.CloudWatchLogs?.GroupName ?? `/aws/codebuild/${name}`;
  const variables = new Map(
    properties.Environment.EnvironmentVariables.map((own) => [
      own.Name,
      { name: own.Name, value: own.Value, type: own.Type },
    ]),
  );
  for (const own of input.environmentVariablesOverride) variables.set(own.name, own);
  return {
    id,
    arn: `arn:aws:codebuild:${account.region}:${owner}:build/${id}`,
    buildNumber,
    projectName: name,
    buildStatus: 'IN_PROGRESS',
    currentPhase: 'SUBMITTED',
    phases: [],
    startTime: now(),
    buildComplete: false,
    initiator:
      caller.arn
        .split(':')
        .at(-1)
        ?.replace(/^assumed-role\//, '') ?? '',
    sourceVersion: input.sourceVersion,
    source: {
      type: properties.Source.Type,
      location: properties.Source.Type === 'S3' ? properties.Source.Location : undefined,
      buildspec: properties.Source.BuildSpec,
    },
    artifacts: { location: '' },
    cache: { type: 'NO_CACHE' },
    environment: {
      type: properties.Environment.Type,
      image: properties.Environment.Image,
      computeType: properties.Environment.ComputeType,
      privilegedMode: properties.Environment.PrivilegedMode,
      environmentVariables: [...variables.values()],
    },
    serviceRole: properties.ServiceRole,
    logs: {
      groupName,
      streamName: uuid,
      cloudWatchLogsArn: `arn:aws:logs:${account.region}:${owner}:log-group:${groupName}:log-stream:${uuid}`,
    },
    timeoutInMinutes: input.timeoutInMinutesOverride ?? properties.TimeoutInMinutes,
    queuedTimeoutInMinutes: input.queuedTimeoutInMinutesOverride ?? properties.QueuedTimeoutInMinutes,
    encryptionKey: properties.EncryptionKey ?? `arn:aws:kms:${account.region}:${owner}:alias/aws/s3`,
  };
}
