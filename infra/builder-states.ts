import { Duration } from 'aws-cdk-lib';
import { BuildEnvironmentVariableType } from 'aws-cdk-lib/aws-codebuild';
import {
  Choice,
  Condition,
  Errors,
  IntegrationPattern,
  JsonPath,
  Map as MapState,
  Pass,
  TaskRole,
  type TaskStateBase,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import { CodeBuildStartBuild } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { architectureOf, type Platform, platforms } from '../core/model/platform.ts';
import type { VariableName } from '../services/environment.ts';
import type { Builder } from './builder.ts';
import { buildServiceTrouble, noRoom } from './retries.ts';

/** Runs the builder on a machine, and waits for its end. */
export function runBuilder(scope: Construct, name: string, builder: Builder, platform?: Platform): TaskStateBase {
  const plain = (value: string) => ({ type: BuildEnvironmentVariableType.PLAINTEXT, value });
  return new CodeBuildStartBuild(scope, name, {
    comment: 'Runs the builder, and waits for its end.',
    project: builder.projects[platform ?? builder.platform],
    integrationPattern: IntegrationPattern.RUN_JOB,
    ...(builder.access ? { credentials: { role: TaskRole.fromRole(builder.access.run) } } : {}),
    environmentVariablesOverride: {
      ['BUILD_ID' satisfies VariableName]: plain(JsonPath.stringAt('$.build')),
      // Any other type is read by the role that all builds share.
      ['BUILD_TOKEN' satisfies VariableName]: plain(JsonPath.stringAt('$.issued.token')),
      ...(platform ? { ['PLATFORM' satisfies VariableName]: plain(platform) } : {}),
    },
    // CodeBuild's own two timeouts and something for its events to arrive.
    taskTimeout: Timeout.duration(
      Duration.minutes(builder.queuedTimeout.toMinutes() + builder.timeout.toMinutes() + 15),
    ),
    resultPath: JsonPath.DISCARD,
  })
    .addRetry(noRoom)
    .addRetry(buildServiceTrouble);
}

/**
 * Runs the builder for each platform, side by side. A machine that fails stops no other: the failure names every platform that failed,
 * and nothing is left running.
 */
export function runBuilderForEachPlatform(scope: Construct, builder: Builder): MapState {
  const built = new Pass(scope, 'Built', { parameters: { 'platform.$': '$.platform' } });
  const notBuilt = new Pass(scope, 'NotBuilt', {
    parameters: { 'platform.$': '$.platform', 'error.$': '$.error' },
  });
  const machine = new Choice(scope, 'Machine', { comment: 'A machine builds for its own platform.' });
  for (const platform of platforms) {
    const task = runBuilder(scope, `Build-${architectureOf(platform)}`, builder, platform);
    task.addCatch(notBuilt, { errors: [Errors.ALL], resultPath: '$.error' }).next(built);
    machine.when(Condition.stringEquals('$.platform', platform), task);
  }
  return new MapState(scope, 'Machines', {
    itemsPath: '$.platforms',
    itemSelector: { 'build.$': '$.build', 'issued.$': '$.issued', 'platform.$': '$$.Map.Item.Value' },
    resultPath: '$.machines',
  }).itemProcessor(machine);
}
