import type { Account, Caller } from '../service.ts';
import type { Execution, ExecutionJournal, ExecutionStatus } from './journal.ts';
import { type Definition, executionContextName, runState, type Step, type TaskState } from './state-engine.ts';
import { TaskError, type TaskRunner } from './tasks.ts';

export interface DeployedMachine {
  arn: string;
  name: string;
  definition: Definition;
  roleArn: string;
  caller: Caller;
  runnerOf(stateName: string, state: TaskState): TaskRunner;
  /** A token for a task that waits until it is brought back. */
  issueToken(): string;
}

export interface RunningExecution {
  /** Ends the execution; what it waits for is stopped. */
  abort(error?: string, cause?: string): void;
  /** Leaves the execution where it is, to go on after a restart. */
  suspend(): void;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const payloadLimit = 262_144;
/** A timer waits for 24 days at most. */
const longestTimer = 2_147_483_647;

/** Runs an execution from the state at which the journal has it to its end. */
export function runExecution(
  account: Account,
  journal: ExecutionJournal,
  machine: DeployedMachine,
  execution: Execution,
  from: { state: string; input: unknown },
  ended: () => void,
): RunningExecution {
  const { definition } = machine;
  const abort = new AbortController();
  const suspension = new AbortController();
  let over = false;

  const end = (
    status: ExecutionStatus,
    result: { output?: string; error?: string | undefined; cause?: string | undefined },
    event: string,
  ): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    Object.assign(execution, result, { status, stoppedAt: Date.now() });
    journal.record(execution.arn, event, result);
    journal.end(execution);
    account.emit(statusChangeEvent(execution));
    abort.abort();
    ended();
  };

  const deadline = execution.startedAt + (definition.TimeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const timer = setTimeout(
    () => end('TIMED_OUT', { error: 'States.Timeout' }, 'ExecutionTimedOut'),
    Math.max(0, Math.min(deadline - Date.now(), longestTimer)),
  );

  let token = machine.issueToken();

  const contextOf = (state: string): Record<string, unknown> => ({
    [executionContextName]: {
      Id: execution.arn,
      Input: JSON.parse(execution.input),
      Name: execution.name,
      RoleArn: machine.roleArn,
      StartTime: new Date(execution.startedAt).toISOString(),
      RedriveCount: 0,
    },
    State: { Name: state, EnteredTime: new Date().toISOString(), RetryCount: 0 },
    StateMachine: { Id: machine.arn, Name: machine.name },
    Task: { Token: token },
  });

  const runTask = async (name: string, state: TaskState, input: unknown): Promise<unknown> => {
    // The engine abandons a task whose time is up; the task itself has to end too.
    const own = new AbortController();
    const expire =
      state.TimeoutSeconds === undefined
        ? undefined
        : setTimeout(() => own.abort(), Math.min(state.TimeoutSeconds * 1000, longestTimer));
    const record = (type: string, details: Record<string, unknown>) => {
      if (!over && !abort.signal.aborted) journal.record(execution.arn, type, { resource: state.Resource, ...details });
    };
    record('TaskScheduled', { name });
    try {
      const signal = AbortSignal.any([abort.signal, own.signal]);
      const output = await machine.runnerOf(name, state)({ caller: machine.caller, input, token, signal });
      if (tooLarge(output)) {
        const cause = `The state/task '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`;
        throw new TaskError('States.DataLimitExceeded', cause, false);
      }
      record('TaskSucceeded', { name });
      return output;
    } finally {
      clearTimeout(expire);
    }
  };

  const go = async (): Promise<void> => {
    let { state, input } = from;
    while (!over) {
      journal.enter(execution.arn, state, input);
      token = machine.issueToken();
      const type = definition.States[state]?.Type ?? 'Task';
      journal.record(execution.arn, `${type}StateEntered`, { name: state, input: JSON.stringify(input) });
      const step: Step = await runState(definition, state, input, {
        context: contextOf(state),
        task: runTask,
        failed: (error) => {
          if (!over)
            journal.record(execution.arn, `${type}Failed`, {
              name: state,
              error: error.Error,
              cause: causeText(error.Cause),
            });
        },
        signal: AbortSignal.any([abort.signal, suspension.signal]),
      });
      if (over || step.kind === 'aborted') return;
      if (step.kind === 'failed') return end('FAILED', { error: step.error, cause: step.cause }, 'ExecutionFailed');
      const output = JSON.stringify(step.output ?? null);
      if (tooLarge(step.output)) {
        const cause = `The state '${state}' has an output whose size exceeds the maximum number of bytes service limit.`;
        return end('FAILED', { error: 'States.DataLimitExceeded', cause }, 'ExecutionFailed');
      }
      journal.record(execution.arn, `${type}StateExited`, { name: state, output });
      if (step.kind === 'succeeded') return end('SUCCEEDED', { output }, 'ExecutionSucceeded');
      ({ state, output: input } = step);
    }
  };

  const fail = (error: Error): void => {
    account.log('states', `${execution.name}: ${error.stack ?? error.message}`);
    end('FAILED', { error: 'States.Runtime', cause: error.message }, 'ExecutionFailed');
  };
  // The caller gets its answer before the first state runs.
  setImmediate(() => void go().catch(fail));

  return {
    abort: (error, cause) => end('ABORTED', { error, cause }, 'ExecutionAborted'),
    suspend() {
      over = true;
      clearTimeout(timer);
      // Its tasks go on; a state that only waits would keep the process.
      suspension.abort();
    },
  };
}

function tooLarge(value: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(value ?? null)) > payloadLimit;
}

function causeText(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : JSON.stringify(cause);
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
export function statusChangeEvent(execution: Execution) {
  const output = execution.output ?? null;
  return {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    resources: [execution.arn],
    detail: {
      executionArn: execution.arn,
      stateMachineArn: execution.machineArn,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name: execution.name,
      status: execution.status,
      startDate: execution.startedAt,
      stopDate: execution.stoppedAt ?? null,
      input: execution.input,
      inputDetails: { included: true },
      output,
      outputDetails: output === null ? null : { included: true },
      error: execution.error ?? null,
      cause: execution.cause ?? null,
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: 'NOT_REDRIVABLE',
    },
  };
}
