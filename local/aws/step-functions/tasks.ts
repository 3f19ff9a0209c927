import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Build } from '../codebuild/build.ts';
import type { CodeBuild } from '../codebuild/codebuild.ts';
import type { Lambda } from '../lambda/lambda.ts';
import { type Account, AwsError, type Caller, type Permission } from '../service.ts';
import { allStates, type Definition, DefinitionError, type State, type TaskState } from './state-engine.ts';
import type { TaskTokens } from './task-tokens.ts';

/** A task's failure by the name that Retry and Catch match. */
export class TaskError extends Error {
  /** The engine requires these of an error that no Retry and no Catch may match. */
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  constructor(name: string, cause: string, matchable = true) {
    super(cause);
    this.name = name;
    this.isRetryable = matchable;
    this.isCatchable = matchable;
  }
}

export interface TaskServices {
  lambda: Lambda;
  codeBuild: CodeBuild;
}

export type Tasks = TaskServices & { tokens: TaskTokens };

export interface TaskRun {
  caller: Caller;
  input: unknown;
  /** `$$.Task.Token` */
  token: string;
  signal: AbortSignal;
}

export type TaskRunner = (run: TaskRun) => Promise<unknown>;

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html: a cause is cut at this length. */
const causeLimit = 32_768;

/**
 * The functions that come after a build are started while it runs, so that it does not wait for their start later; but only once it is under
 * way: its own begin needs the processors too.
 */
const preparationMilliseconds = 1000;

/** Rules by which Step Functions is notified of a build's end. https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html */
const managedRule = 'StepFunctionsGetEventForCodeBuildStartBuildRule';

/**
 * @param after what the states that follow call
 * @throws DefinitionError naming the state and its resource
 */
export function taskRunnerOf(
  stateName: string,
  { Credentials, ...state }: TaskState,
  services: Tasks,
  account: Account,
  { machineArn, after }: { machineArn: string; after: readonly string[] },
): TaskRunner {
  const run = ownRunnerOf(stateName, state, services, account, after);
  if (Credentials === undefined) return run;
  const role = credentialsSchema.safeParse(Credentials).data?.RoleArn;
  if (role === undefined)
    throw new DefinitionError(`The state ${stateName}: its Credentials are not known on one machine: only RoleArn is.`);
  return async (task) => run({ ...task, caller: assume(account, task.caller, role, machineArn) });
}

const credentialsSchema = z.strictObject({ RoleArn: z.string().startsWith('arn:') });

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html */
function assume(account: Account, caller: Caller, roleArn: string, machineArn: string): Caller {
  try {
    return account.iam.assumeRole(caller, { roleArn, sessionName: 'StepFunctions', externalId: machineArn }).caller;
  } catch (error) {
    throw refused('Sts', 'AccessDeniedException', error as Error);
  }
}

function ownRunnerOf(
  stateName: string,
  { Resource }: TaskState,
  services: Tasks,
  account: Account,
  after: readonly string[],
): TaskRunner {
  if (Resource.startsWith('arn:aws:lambda:')) return (run) => invokeDirectly(services.lambda, Resource, run);
  if (Resource === 'arn:aws:states:::lambda:invoke') return (run) => invoke(services.lambda, run);
  if (Resource === 'arn:aws:states:::lambda:invoke.waitForTaskToken') return (run) => invokeAndWait(services, run);
  if (Resource === 'arn:aws:states:::codebuild:startBuild.sync')
    return async (run) => {
      const preparation = setTimeout(() => services.lambda.prepare(after), preparationMilliseconds);
      return startBuild(services.codeBuild, account, run).finally(() => clearTimeout(preparation));
    };
  throw new DefinitionError(`The state ${stateName}: the resource ${Resource} is not supported on one machine.`);
}

/** What the machine's role needs at the machine's creation, beside what its tasks need when they run. */
export function deployPermissions(definition: Definition, account: Account): Permission[] {
  const waits = allStates(definition).some(([, state]) => String(state.Resource).endsWith('codebuild:startBuild.sync'));
  const resource = `arn:aws:events:${account.region}:${account.id}:rule/${managedRule}`;
  return waits ? ['PutTargets', 'PutRule', 'DescribeRule'].map((name) => ({ action: `events:${name}`, resource })) : [];
}

async function invokeDirectly(lambda: Lambda, functionArn: string, { caller, input }: TaskRun): Promise<unknown> {
  const outcome = await lambda.run(functionArn, JSON.stringify(input), caller).catch((error: Error) => {
    throw refused('Lambda', 'AWSLambdaException', error);
  });
  if (outcome.ok) return JSON.parse(outcome.payload);
  throw new TaskError(outcome.error.errorType, JSON.stringify(outcome.error).slice(0, causeLimit));
}

/** The resource that a state calls: the function itself, where it is one. */
export function calledBy({ Resource, Parameters }: State): string {
  return z.object({ FunctionName: z.string() }).safeParse(Parameters).data?.FunctionName ?? String(Resource);
}

const invokeSchema = z.strictObject({
  FunctionName: z.string(),
  Payload: z.unknown().default({}),
  InvocationType: z.literal('RequestResponse').optional(),
  Qualifier: z.literal('$LATEST').optional(),
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html */
async function invoke(lambda: Lambda, { input, ...run }: TaskRun): Promise<unknown> {
  const { FunctionName, Payload } = parameters(invokeSchema, input);
  const result = await invokeDirectly(lambda, FunctionName.replace(/:\$LATEST$/, ''), { ...run, input: Payload });
  const RequestId = randomUUID();
  return {
    ExecutedVersion: '$LATEST',
    Payload: result,
    SdkHttpMetadata: { HttpStatusCode: 200 },
    SdkResponseMetadata: { RequestId },
    StatusCode: 200,
  };
}

/** An error of the function ends the wait. https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token */
async function invokeAndWait({ lambda, tokens }: Tasks, run: TaskRun): Promise<unknown> {
  // The function may bring the token before it answers.
  const answer = tokens.answerTo(run.token, run.signal);
  await invoke(lambda, run);
  return answer;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html */
async function startBuild(
  codeBuild: CodeBuild,
  account: Account,
  { caller, input, signal }: TaskRun,
): Promise<unknown> {
  const { build } = (await callOperation(codeBuild, 'StartBuild', account, caller, withKeys(input, lowerFirst))) as {
    build: Build;
  };
  const stop = () => {
    // Best effort, as AWS says of it: a build that cannot be stopped ends by its own timeout.
    callOperation(codeBuild, 'StopBuild', account, caller, { id: build.id }).catch((error: Error) => {
      account.log('states', `${build.id} could not be stopped: ${error.message}`);
    });
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  await codeBuild.ended(build.id);
  signal.removeEventListener('abort', stop);
  // An event reports the end; the details are requested under the machine's role.
  const answer = await callOperation(codeBuild, 'BatchGetBuilds', account, caller, { ids: [build.id] });
  const ended = (answer as { builds: Build[] }).builds[0] ?? build;
  const result = { Build: withKeys(withMilliseconds(ended), upperFirst) };
  if (ended.buildStatus === 'SUCCEEDED') return result;
  throw new TaskError('States.TaskFailed', JSON.stringify(result).slice(0, causeLimit));
}

async function callOperation(
  codeBuild: CodeBuild,
  name: string,
  account: Account,
  caller: Caller,
  input: unknown,
): Promise<unknown> {
  const operation = codeBuild.operations?.[name];
  if (operation === undefined) throw new TaskError('States.Runtime', `There is no operation ${name}.`, false);
  const parsed = parameters(operation.input, input) as never;
  try {
    account.iam.authorize(caller, operation.permissions(parsed));
    return await operation.handle(parsed, caller, { requestId: randomUUID(), gone: new AbortController().signal });
  } catch (error) {
    throw refused('CodeBuild', 'CodeBuildException', error as Error);
  }
}

function parameters<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TaskError('States.Runtime', `The parameters are wrong: ${issue?.path.join('.')}: ${issue?.message}`, false);
}

/** An error of a service has its own name, `<Service>.<Error>`; a denied call has the service's general name. */
function refused(service: string, otherwise: string, error: Error): Error {
  if (!(error instanceof AwsError)) return error;
  const name = error.code === 'AccessDeniedException' ? otherwise : error.code;
  const details = `Service: AWS${service}; Status Code: ${error.statusCode}; Error Code: ${error.code}; Request ID: ${randomUUID()}; Proxy: null`;
  return new TaskError(`${service}.${name}`, `${error.message} (${details})`);
}

const lowerFirst = (key: string) => key.charAt(0).toLowerCase() + key.slice(1);
const upperFirst = (key: string) => key.charAt(0).toUpperCase() + key.slice(1);

function withKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((element) => withKeys(element, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [rename(key), withKeys(member, rename)]));
}

/** Step Functions shows times in milliseconds, the API in seconds. */
function withMilliseconds(build: Build): object {
  const phases = build.phases.map((phase) => ({
    ...phase,
    startTime: milliseconds(phase.startTime),
    endTime: milliseconds(phase.endTime),
  }));
  return {
    ...build,
    phases,
    startTime: milliseconds(build.startTime),
    endTime: milliseconds(build.endTime),
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}
