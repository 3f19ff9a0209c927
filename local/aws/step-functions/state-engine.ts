import { ExecutionAbortedError, StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { z } from 'zod';

/** A state of the Amazon States Language, as far as this file reads it. */
export interface State {
  Type: string;
  Next?: string;
  End?: boolean;
  [field: string]: unknown;
}

export interface TaskState extends State {
  Resource: string;
  TimeoutSeconds?: number;
  /** The role that the task runs under, in place of the machine's. */
  Credentials?: unknown;
}

export interface Definition {
  StartAt: string;
  TimeoutSeconds?: number;
  States: Record<string, State>;
}

export interface StepOptions {
  context: Record<string, unknown>;
  /** Runs a Task's resource with its effective input. */
  task(stateName: string, state: TaskState, input: unknown): Promise<unknown>;
  /** A failed try of the state, before its Retry and Catch apply. */
  failed(error: { Error: string; Cause: unknown }): void;
  signal: AbortSignal;
}

export type Step =
  | { kind: 'next'; state: string; output: unknown }
  | { kind: 'succeeded'; output: unknown }
  | { kind: 'failed'; error: string; cause: string }
  | { kind: 'aborted' };

/** The state machine's definition is wrong, or needs a feature that one machine does not have. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
}

const definitionSchema = z.looseObject({
  StartAt: z.string(),
  TimeoutSeconds: z.int().positive().optional(),
  QueryLanguage: z.literal('JSONPath', 'JSONata is not supported on one machine').optional(),
  States: z.record(z.string(), z.looseObject({ Type: z.string() })),
});

const current = '(this state)';
const end = '(end)';
/** The longest that a timer can wait: 24 days. Step Functions' own default has no end either; the engine's is 60 s. */
const noTimeout = 2_147_483;

/** The texts of definitions that were found valid before. */
export interface ValidDefinitions {
  has(text: string): boolean;
  add(text: string): unknown;
}

/**
 * The validator compiles a large schema first, which takes longer than most of a start: what is among the valid definitions is not
 * validated again.
 * @throws DefinitionError
 */
export function parseDefinition(text: string, valid: ValidDefinitions = new Set<string>()): Definition {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DefinitionError(`The definition is not JSON: ${(error as Error).message}`);
  }
  const parsed = definitionSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DefinitionError(`The definition's ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const definition = parsed.data as Definition;
  if (!valid.has(text)) validate(definition);
  for (const [name, state] of allStates(definition)) {
    for (const field of [
      'QueryLanguage',
      'Arguments',
      'Assign',
      'HeartbeatSeconds',
      'TimeoutSecondsPath',
      'ItemReader',
      'ResultWriter',
    ]) {
      if (field in state) throw new DefinitionError(`The state ${name}: ${field} is not supported on one machine.`);
    }
  }
  valid.add(text);
  return definition;
}

function validate(definition: Definition): void {
  try {
    // A copy: the validator writes defaults into what it is given.
    new StateMachine(structuredClone(definition) as unknown as StateMachineDefinition, {
      validationOptions: { checkArn: false },
    });
  } catch (error) {
    throw new DefinitionError((error as Error).message);
  }
}

/** Every state, also those inside Parallel and Map. */
export function allStates(definition: Pick<Definition, 'States'>): [string, State][] {
  return Object.entries(definition.States).flatMap(([name, state]) => [
    [name, state],
    ...innerDefinitions(state).flatMap(allStates),
  ]);
}

/** The states that may follow a state while nothing fails. */
export function statesAfter(
  { States }: Pick<Definition, 'States'>,
  state: State,
  found = new Set<State>(),
): Set<State> {
  const choices = (state.Choices ?? []) as Pick<State, 'Next'>[];
  for (const name of [state.Next, state.Default, ...choices.map(({ Next }) => Next)]) {
    const next = States[String(name)];
    if (next && !found.has(next)) statesAfter({ States }, next, found.add(next));
  }
  return found;
}

function innerDefinitions(state: State): Definition[] {
  return [state.Branches, state.Iterator, state.ItemProcessor].flat().filter(Boolean) as Definition[];
}

/**
 * Runs one state, with its retries and catches, and says what comes next. The engine is given a machine of that state alone, with a
 * stand-in for every other: so each step can be written down before it begins.
 */
export async function runState(
  definition: Definition,
  stateName: string,
  input: unknown,
  { context, task, failed, signal }: StepOptions,
): Promise<Step> {
  const state = definition.States[stateName];
  if (state === undefined) throw new DefinitionError(`There is no state ${stateName}.`);
  const stub = { Type: 'Pass', End: true };
  const stubs = [end, ...Object.keys(definition.States)].map((name) => [name, stub]);
  const machine = { StartAt: current, States: { ...Object.fromEntries(stubs), [current]: prepare(state) } };
  const tasks = allStates({ States: { [current]: state } }).filter(([, { Type }]) => Type === 'Task');
  const handlers = tasks.map(([name, own]) => [
    name,
    (taskInput: unknown) => task(name === current ? stateName : name, own as TaskState, taskInput),
  ]);
  const engine = new StateMachine(machine as unknown as StateMachineDefinition, {
    validationOptions: { noValidate: true },
  });
  const run = engine.run(input as never, {
    overrides: { taskResourceLocalHandlers: Object.fromEntries(handlers) },
    context,
  });
  signal.addEventListener('abort', run.abort);
  if (signal.aborted) run.abort();
  let next = current;
  const events = (async () => {
    for await (const event of run.eventLogs) {
      if (event.type === 'StateEntered') next = event.state.name;
      if (event.type === 'StateFailed') failed({ Error: event.Error, Cause: event.Cause });
    }
  })();
  try {
    const output: unknown = await run.result;
    await events;
    return next === end ? { kind: 'succeeded', output } : { kind: 'next', state: next, output };
  } catch (error) {
    if (error instanceof ExecutionAbortedError || signal.aborted) return { kind: 'aborted' };
    await events;
    const cause = (error as Error).cause as Error | undefined;
    return {
      kind: 'failed',
      error: cause?.name ?? 'States.Runtime',
      cause: cause?.message ?? (error as Error).message,
    };
  } finally {
    signal.removeEventListener('abort', run.abort);
  }
}

/** The state with its ends redirected to a stand-in, and with the execution's context where the engine has one of its own. */
function prepare(state: State): State {
  const { End, ...rest } = withContext(state) as State;
  const open = End === true ? { ...rest, Next: end } : rest;
  if (state.Type === 'Succeed') return { ...open, Type: 'Pass', Next: end };
  return withTimeouts(open as State);
}

function withTimeouts(state: State): State {
  if (state.Type === 'Task') return { TimeoutSeconds: noTimeout, ...state };
  if (innerDefinitions(state).length === 0) return state;
  const inner = (part: unknown): unknown => {
    const states = Object.entries((part as Definition).States).map(([name, own]) => [name, withTimeouts(own)]);
    return { ...(part as Definition), States: Object.fromEntries(states) };
  };
  const copy = { ...state };
  if (Array.isArray(copy.Branches)) copy.Branches = copy.Branches.map(inner);
  for (const field of ['Iterator', 'ItemProcessor']) if (field in copy) copy[field] = inner(copy[field]);
  return copy;
}

/**
 * The engine sets `Execution.Input` and `StartTime` in its context at every run, and each of our runs is one state. `$$.Execution` in
 * the definition is therefore read under another name.
 */
export const executionContextName = 'StartedExecution';

function withContext(value: unknown, isPath = false): unknown {
  if (typeof value === 'string')
    return isPath ? value.replaceAll('$$.Execution', () => `$$.${executionContextName}`) : value;
  if (Array.isArray(value)) return value.map((element) => withContext(element));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withContext(member, /(\.\$|Path|^Variable)$/.test(key))]),
  );
}
