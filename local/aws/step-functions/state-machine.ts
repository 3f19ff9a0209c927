import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, type Permission } from '../service.ts';
import type { DeployedMachine } from './execution.ts';
import { allStates, DefinitionError, parseDefinition, statesAfter, type TaskState } from './state-engine.ts';
import type { createTaskTokens } from './task-tokens.ts';
import { calledBy, deployPermissions, type TaskRunner, type TaskServices, taskRunnerOf } from './tasks.ts';
import type { createValidDefinitions } from './valid-definitions.ts';

/** `AWS::StepFunctions::StateMachine` */
export const machineSchema = z.strictObject({
  StateMachineName: z.string().optional(),
  StateMachineType: z.literal('STANDARD').optional(),
  DefinitionString: z.string(),
  DefinitionSubstitutions: z.record(z.string(), z.string()).default({}),
  RoleArn: z.string(),
  LoggingConfiguration: z
    .strictObject({
      Level: z.enum(['ALL', 'ERROR', 'FATAL', 'OFF']).optional(),
      IncludeExecutionData: z.boolean().optional(),
      Destinations: z
        .array(z.strictObject({ CloudWatchLogsLogGroup: z.strictObject({ LogGroupArn: z.string() }) }))
        .optional(),
    })
    .optional(),
  // No traces and no tags on one machine.
  TracingConfiguration: z.strictObject({ Enabled: z.boolean() }).optional(),
  Tags: z.unknown().optional(),
});

export interface StateMachine extends DeployedMachine {
  definitionText: string;
  createdAt: number;
}

/** Makes what runs of a resource of the template, and checks what its role may, as a deployment does. */
export function deployMachine(
  account: Account,
  services: TaskServices & { tokens: ReturnType<typeof createTaskTokens> },
  valid: ReturnType<typeof createValidDefinitions>,
  resource: Parameters<typeof physicalName>[0],
  properties: z.infer<typeof machineSchema>,
): StateMachine {
  const name = properties.StateMachineName ?? physicalName(resource, 80);
  const arn = `arn:aws:states:${account.region}:${account.id}:stateMachine:${name}`;
  account.iam.assertTrusts(properties.RoleArn, 'states.amazonaws.com', arn);
  const definitionText = properties.DefinitionString.replace(/\$\{([^}]+)\}/g, (whole, key: string) =>
    Object.hasOwn(properties.DefinitionSubstitutions, key) ? (properties.DefinitionSubstitutions[key] ?? '') : whole,
  );
  const definition = parseDefinition(definitionText, valid);
  const runners = new Map<string, TaskRunner>();
  for (const [stateName, state] of allStates(definition)) {
    if (state.Type !== 'Task') continue;
    const after = Array.from(statesAfter(definition, state), calledBy);
    runners.set(stateName, taskRunnerOf(stateName, state as TaskState, services, account, { machineArn: arn, after }));
  }
  const { accessKeyId } = account.iam.keysOf(properties.RoleArn, 'StepFunctions');
  const caller = account.iam.callerOf(accessKeyId);
  if (caller === undefined) throw new AwsError('AccessDeniedException', `There is no role ${properties.RoleArn}.`);
  const destinations = properties.LoggingConfiguration?.Destinations?.length ?? 0;
  assertRole(
    () => account.iam.authorize(caller, deployPermissions(definition, account)),
    `'${properties.RoleArn}' is not authorized to create managed-rule.`,
  );
  if (destinations > 0)
    assertRole(
      () => account.iam.authorize(caller, logDelivery),
      'The state machine IAM Role is not authorized to access the Log Destination',
    );
  return {
    arn,
    name,
    definition,
    definitionText,
    roleArn: properties.RoleArn,
    caller,
    createdAt: Date.now(),
    issueToken: () => services.tokens.issue(arn),
    runnerOf(stateName) {
      const runner = runners.get(stateName);
      if (runner === undefined) throw new DefinitionError(`There is no task ${stateName}.`);
      return runner;
    },
  };
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy */
const logDelivery: Permission[] = [
  'CreateLogDelivery',
  'GetLogDelivery',
  'UpdateLogDelivery',
  'DeleteLogDelivery',
  'ListLogDeliveries',
  'PutResourcePolicy',
  'DescribeResourcePolicies',
  'DescribeLogGroups',
].map((name) => ({ action: `logs:${name}`, resource: '*' }));

/** A denied permission of the role, with the service's own text. */
function assertRole(check: () => void, message: string): void {
  try {
    check();
  } catch (error) {
    if (error instanceof AwsError) throw new AwsError('AccessDeniedException', `${message} (${error.message})`);
    throw error;
  }
}
