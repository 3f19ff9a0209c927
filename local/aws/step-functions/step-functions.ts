import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  type Account,
  AwsError,
  type InputProblem,
  operation,
  type Permission,
  resourceType,
  type Service,
} from '../service.ts';
import { describeEvent, describeExecution, pageOf, summaryOf } from './answers.ts';
import { type DeployedMachine, type RunningExecution, runExecution, statusChangeEvent } from './execution.ts';
import { createExecutionJournal, type Execution } from './journal.ts';
import { deployMachine, machineSchema, type StateMachine } from './state-machine.ts';
import { createTaskTokens } from './task-tokens.ts';
import type { TaskServices } from './tasks.ts';
import { createValidDefinitions } from './valid-definitions.ts';

const token = z.string().regex(/^\d+$/).optional();
const arnSchema = z.string().startsWith('arn:');
const executionStatus = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);

/** Step Functions' Standard workflows on one machine. Every step is in the journal before it begins. */
export function createStepFunctions(account: Account, services: TaskServices): Service {
  const machines = new Map<string, StateMachine>();
  const running = new Map<string, RunningExecution>();
  const journal = createExecutionJournal(account.database);
  const valid = createValidDefinitions(account.database);
  const tokens = createTaskTokens();
  let open = true;

  const machineOf = (arn: string) => {
    const machine = machines.get(arn);
    if (machine === undefined) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return machine;
  };

  const executionOf = (arn: string): Execution => {
    const execution = journal.get(arn);
    if (execution === undefined) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return execution;
  };

  const run = (machine: DeployedMachine, execution: Execution, from: { state: string; input: unknown }): void => {
    const { arn } = execution;
    running.set(
      arn,
      runExecution(account, journal, machine, execution, from, () => running.delete(arn)),
    );
  };

  const start = (machineArn: string, name: string, input: string): Execution => {
    const machine = machineOf(machineArn);
    const value = parseInput(input);
    const arn = `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const earlier = journal.get(arn);
    if (earlier?.status === 'RUNNING' && earlier.input === input) return earlier;
    if (earlier !== undefined) throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    const execution: Execution = {
      arn,
      machineArn,
      name,
      input,
      status: 'RUNNING',
      startedAt: Date.now(),
      output: undefined,
      error: undefined,
      cause: undefined,
      stoppedAt: undefined,
    };
    journal.add(execution);
    journal.record(arn, 'ExecutionStarted', { input, roleArn: machine.roleArn });
    account.emit(statusChangeEvent(execution));
    if (open) run(machine, execution, { state: machine.definition.StartAt, input: value });
    return execution;
  };

  const stop = (arn: string, error?: string, cause?: string): Execution => {
    const execution = executionOf(arn);
    running.get(arn)?.abort(error, cause);
    return journal.get(arn) ?? execution;
  };

  const onMachine =
    (action: string) =>
    ({ stateMachineArn }: { stateMachineArn: string }): Permission[] => [
      { action: `states:${action}`, resource: stateMachineArn },
    ];
  const onExecution =
    (action: string) =>
    ({ executionArn }: { executionArn: string }): Permission[] => [
      { action: `states:${action}`, resource: executionArn },
    ];

  return {
    signingName: 'states',
    protocol: 'json-1.0',
    invalidInput,
    resources: {
      'AWS::StepFunctions::StateMachine': resourceType({
        properties: machineSchema,
        create({ properties, ...resource }) {
          const machine = deployMachine(account, { ...services, tokens }, valid, resource, properties);
          machines.set(machine.arn, machine);
          return { ref: machine.arn, attributes: { Arn: machine.arn, Name: machine.name } };
        },
      }),
    },
    operations: {
      StartExecution: operation({
        input: z.strictObject({
          stateMachineArn: arnSchema,
          name: z
            .string()
            .regex(/^[^\s\p{Cc}<>{}[\]?*"#%\\^|~`$&,;:/]{1,80}$/u)
            .optional(),
          input: z.string().default('{}'),
          traceHeader: z.string().optional(),
        }),
        permissions: onMachine('StartExecution'),
        handle({ stateMachineArn, name, input }) {
          const execution = start(stateMachineArn, name ?? randomUUID(), input);
          return { executionArn: execution.arn, startDate: execution.startedAt / 1000 };
        },
      }),
      DescribeExecution: operation({
        input: z.strictObject({ executionArn: arnSchema, includedData: z.string().optional() }),
        permissions: onExecution('DescribeExecution'),
        handle: ({ executionArn }) => describeExecution(executionOf(executionArn)),
      }),
      StopExecution: operation({
        input: z.strictObject({
          executionArn: arnSchema,
          error: z.string().max(256).optional(),
          cause: z.string().max(32_768).optional(),
        }),
        permissions: onExecution('StopExecution'),
        handle: ({ executionArn, error, cause }) => ({
          stopDate: (stop(executionArn, error, cause).stoppedAt ?? Date.now()) / 1000,
        }),
      }),
      SendTaskSuccess: operation({
        input: z.strictObject({ taskToken: z.string().min(1).max(2048), output: z.string() }),
        permissions: ({ taskToken }) => [{ action: 'states:SendTaskSuccess', resource: tokens.machineOf(taskToken) }],
        handle({ taskToken, output }) {
          tokens.succeed(taskToken, parseOutput(output));
          return {};
        },
      }),
      ListExecutions: operation({
        input: z.strictObject({
          stateMachineArn: arnSchema,
          statusFilter: executionStatus.optional(),
          maxResults: z.int().min(0).max(1000).optional(),
          nextToken: token,
        }),
        permissions: onMachine('ListExecutions'),
        handle({ stateMachineArn, statusFilter, maxResults, nextToken }) {
          machineOf(stateMachineArn);
          const page = pageOf(maxResults, nextToken, (limit, offset) =>
            journal.list(stateMachineArn, statusFilter, limit, offset),
          );
          return { executions: page.items.map(summaryOf), ...page.next };
        },
      }),
      GetExecutionHistory: operation({
        input: z.strictObject({
          executionArn: arnSchema,
          maxResults: z.int().min(0).max(1000).optional(),
          reverseOrder: z.boolean().default(false),
          nextToken: token,
          includeExecutionData: z.boolean().optional(),
        }),
        permissions: onExecution('GetExecutionHistory'),
        handle({ executionArn, maxResults, reverseOrder, nextToken }) {
          const { arn } = executionOf(executionArn);
          const page = pageOf(maxResults, nextToken, (limit, offset) =>
            journal.history(arn, reverseOrder, limit, offset),
          );
          return { events: page.items.map(describeEvent), ...page.next };
        },
      }),
      DescribeStateMachine: operation({
        input: z.strictObject({ stateMachineArn: arnSchema, includedData: z.string().optional() }),
        permissions: onMachine('DescribeStateMachine'),
        handle({ stateMachineArn }) {
          const { arn, name, definitionText, roleArn, createdAt } = machineOf(stateMachineArn);
          return {
            stateMachineArn: arn,
            name,
            status: 'ACTIVE',
            type: 'STANDARD',
            definition: definitionText,
            roleArn,
            creationDate: createdAt / 1000,
          };
        },
      }),
    },
    start() {
      for (const machine of machines.values()) {
        for (const { execution, state, stateInput } of journal.running(machine.arn)) {
          const from = {
            state: state ?? machine.definition.StartAt,
            input: state === undefined ? JSON.parse(execution.input) : stateInput,
          };
          account.log('states', `${execution.name} continues at ${from.state}`);
          run(machine, execution, from);
        }
      }
    },
    stop() {
      open = false;
      for (const execution of running.values()) execution.suspend();
    },
  };
}

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html#API_StartExecution_Errors */
function invalidInput({ member, missing, value, message }: InputProblem): AwsError {
  if (member === 'name' && !missing) return new AwsError('InvalidName', `Invalid Name: '${value}'`);
  if (member.endsWith('Arn') && !missing)
    return new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${value}'`);
  if (member === 'nextToken') return new AwsError('InvalidToken', `Invalid Token: '${value}'`);
  const constraint = missing ? 'Member must not be null' : message;
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

function parseOutput(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw new AwsError('InvalidOutput', 'Invalid Output: the output is not JSON');
  }
}

function parseInput(input: string): unknown {
  if (Buffer.byteLength(input) > 262_144) {
    throw new AwsError(
      'ValidationException',
      "Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144",
    );
  }
  try {
    return JSON.parse(input);
  } catch {
    throw new AwsError('InvalidExecutionInput', 'Invalid State Machine Execution Input: the input is not JSON');
  }
}
