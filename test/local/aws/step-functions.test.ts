import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type OpenAccount, openAccount } from '../../../local/account.ts';
import { type CodeBuild, createCodeBuild } from '../../../local/aws/codebuild/codebuild.ts';
import { createLambda, type Lambda } from '../../../local/aws/lambda/lambda.ts';
import type { Caller, Service } from '../../../local/aws/service.ts';
import { createStepFunctions } from '../../../local/aws/step-functions/step-functions.ts';
import { eventually } from '../../eventually.ts';
import { makeRole } from './role.ts';

const owner: Caller = { kind: 'owner', arn: 'arn:aws:iam::123456789012:root' };
const call = { requestId: 'r', gone: new AbortController().signal };
const codeBuildTask = 'arn:aws:states:::codebuild:startBuild.sync';

let folder: string;
let account: OpenAccount;
let lambda: Lambda;
let codeBuild: CodeBuild;
let states: Service;
let events: { detail: Record<string, unknown> }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway states '));
  open();
});

afterEach(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

function open(): void {
  events = [];
  account = openAccount({ url: 'http://localhost:1', dataFolder: join(folder, 'data'), log: () => undefined });
  account.connect({
    emit: (event) => {
      if (event.source === 'aws.states') events.push(event);
    },
  });
  lambda = createLambda(account, (_, key) => join(folder, key));
  codeBuild = createCodeBuild(account, { concurrentBuilds: 1, engineEnvironment: {}, codeOf: () => folder });
  states = createStepFunctions(account, { lambda, codeBuild });
}

async function close(): Promise<void> {
  await states.stop?.();
  await lambda.stop?.();
  await codeBuild.stop?.();
  account.close();
}

async function create(service: Service, type: string, logicalId: string, properties: unknown) {
  const found = service.resources[type];
  const parsed = found?.properties.parse(properties);
  return await found?.create({ logicalId, stackName: 'Test', account: '123456789012', properties: parsed as never });
}

async function deployFunction(code: string): Promise<string> {
  await mkdir(join(folder, 'code'), { recursive: true });
  await writeFile(join(folder, 'code', 'index.js'), code);
  const created = await create(lambda, 'AWS::Lambda::Function', 'Fn', {
    Code: { S3Bucket: 'assets', S3Key: 'code' },
    Handler: 'index.handler',
    Role: makeRole(account, 'lambda.amazonaws.com'),
    Runtime: 'nodejs24.x',
    Timeout: 900,
  });
  return created?.attributes?.Arn ?? '';
}

async function deployProject(commands: string[]): Promise<string> {
  const created = await create(codeBuild, 'AWS::CodeBuild::Project', 'Project', {
    Artifacts: { Type: 'NO_ARTIFACTS' },
    ServiceRole: makeRole(account, 'codebuild.amazonaws.com', ['logs:*']),
    Source: {
      Type: 'NO_SOURCE',
      BuildSpec: JSON.stringify({ version: '0.2', phases: { build: { commands } } }, null, 1),
    },
    Environment: { Type: 'x', ComputeType: 'x', Image: 'x' },
  });
  return created?.ref ?? '';
}

async function deployMachine(definition: object, actions = ['*']): Promise<string> {
  const created = await create(states, 'AWS::StepFunctions::StateMachine', 'Machine', {
    DefinitionString: JSON.stringify(definition),
    RoleArn: makeRole(account, 'states.amazonaws.com', actions),
  });
  return created?.ref ?? '';
}

function send(name: string, input: unknown): Record<string, unknown> {
  const operation = states.operations?.[name];
  return operation?.handle(operation.input.parse(input) as never, owner, call) as Record<string, unknown>;
}

async function ended(executionArn: unknown): Promise<Record<string, unknown>> {
  return eventually(() => {
    const execution = send('DescribeExecution', { executionArn });
    expect(execution.status).not.toBe('RUNNING');
    return execution;
  });
}

async function run(stateMachineArn: string, input: unknown): Promise<Record<string, unknown>> {
  return ended(send('StartExecution', { stateMachineArn, input: JSON.stringify(input) }).executionArn);
}

const single = (state: object) => ({ StartAt: 'Only', States: { Only: { Type: 'Task', End: true, ...state } } });

describe('an execution', () => {
  test('goes through its states, with the paths and the choice of the language', async () => {
    const arn = await deployFunction(
      'exports.handler = async ({ build }) => ({ outcome: build === "b1" ? "pass" : "block" })',
    );
    const machine = await deployMachine({
      StartAt: 'Judge',
      States: {
        Judge: { Type: 'Task', Resource: arn, ResultPath: '$.verdict', Next: 'Verdict' },
        Verdict: {
          Type: 'Choice',
          Choices: [{ Variable: '$.verdict.outcome', StringEquals: 'pass', Next: 'Release' }],
          Default: 'Stop',
        },
        Release: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke',
          Parameters: { FunctionName: arn, 'Payload.$': '$' },
          OutputPath: '$.Payload',
          Next: 'Done',
        },
        Done: { Type: 'Succeed' },
        Stop: { Type: 'Fail', Error: 'Blocked', Cause: 'by the gate' },
      },
    });
    expect(await run(machine, { build: 'b1' })).toMatchObject({ status: 'SUCCEEDED', output: '{"outcome":"pass"}' });
    expect(await run(machine, { build: 'b2' })).toMatchObject({
      status: 'FAILED',
      error: 'Blocked',
      cause: 'by the gate',
    });
    expect(events.map(({ detail }) => detail.status)).toEqual(['RUNNING', 'SUCCEEDED', 'RUNNING', 'FAILED']);
  });

  test('runs branches and items with their own tasks', async () => {
    const arn = await deployFunction('exports.handler = async (n) => n * 2');
    const task = { Type: 'Task', Resource: arn, End: true };
    const machine = await deployMachine({
      StartAt: 'Both',
      States: {
        Both: {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'Double', States: { Double: { ...task, InputPath: '$.n' } } },
            {
              StartAt: 'Wait',
              States: { Wait: { Type: 'Wait', Seconds: 1, Next: 'Pass' }, Pass: { Type: 'Pass', End: true } },
            },
          ],
          ResultSelector: { 'doubled.$': '$[0]', 'list.$': '$[1].list', 'id.$': '$$.Execution.Name' },
          Next: 'Each',
        },
        Each: {
          Type: 'Map',
          ItemsPath: '$.list',
          ItemProcessor: { StartAt: 'DoubleItem', States: { DoubleItem: task } },
          ResultPath: '$.list',
          End: true,
        },
      },
    });
    const { output, name } = await run(machine, { n: 2, list: [1, 2, 3] });
    expect(JSON.parse(String(output))).toEqual({ doubled: 4, list: [2, 4, 6], id: name });
  });

  test('retries by the name of the error, and catches what is left with its cause', async () => {
    const arn = await deployFunction(`let count = 0;
      class ReleaseBusyError extends Error { name = 'ReleaseBusyError' }
      exports.handler = async () => { if (count++ < 2) throw new ReleaseBusyError('busy'); throw new TypeError('no') }`);
    const machine = await deployMachine({
      StartAt: 'Release',
      States: {
        Release: {
          Type: 'Task',
          Resource: arn,
          Retry: [{ ErrorEquals: ['ReleaseBusyError'], IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: 5 }],
          Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Fail' }],
          End: true,
        },
        Fail: { Type: 'Pass', End: true },
      },
    });
    const { output, executionArn } = await run(machine, { build: 'b' });
    const { error } = JSON.parse(String(output));
    expect(error.Error).toBe('TypeError');
    expect(JSON.parse(error.Cause)).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' });
    const history = send('GetExecutionHistory', { executionArn }).events as { type: string }[];
    expect(history.map(({ type }) => type).filter((type) => type.startsWith('TaskFailed'))).toHaveLength(3);
    expect(history[0]).toMatchObject({ id: 1, previousEventId: 0, type: 'ExecutionStarted' });
    expect(history).toContainEqual(
      expect.objectContaining({
        type: 'PassStateEntered',
        stateEnteredEventDetails: expect.objectContaining({ name: 'Fail' }),
      }),
    );
  });

  test('with the same name and input is the same execution while it runs, otherwise it is refused', async () => {
    const machine = await deployMachine({ StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 60, End: true } } });
    const input = { stateMachineArn: machine, name: 'b1', input: '{"a":1}' };
    const first = send('StartExecution', input);
    expect(send('StartExecution', input)).toEqual(first);
    expect(() => send('StartExecution', { ...input, input: '{}' })).toThrow(
      expect.objectContaining({
        code: 'ExecutionAlreadyExists',
        message: `Execution Already Exists: '${first.executionArn}'`,
      }),
    );
    send('StopExecution', { executionArn: first.executionArn, error: 'Enough', cause: 'of it' });
    expect(await ended(first.executionArn)).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'of it' });
    expect(() => send('StartExecution', input)).toThrow(expect.objectContaining({ code: 'ExecutionAlreadyExists' }));
    expect(send('ListExecutions', { stateMachineArn: machine, statusFilter: 'ABORTED' })).toMatchObject({
      executions: [{ name: 'b1', status: 'ABORTED' }],
    });
  });

  test('times out as a whole, and in a task that can catch it', async () => {
    const arn = await deployFunction('exports.handler = () => new Promise((resolve) => setTimeout(resolve, 2500))');
    const whole = await deployMachine({ ...single({ Resource: arn }), TimeoutSeconds: 1 });
    expect(await run(whole, {})).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
    const task = await deployMachine(single({ Resource: arn, TimeoutSeconds: 1 }));
    expect(await run(task, {})).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  test('with a state that gives more than 256 KiB fails, and no Catch helps', async () => {
    const arn = await deployFunction("exports.handler = async () => 'x'.repeat(262144)");
    const machine = await deployMachine({
      StartAt: 'Big',
      States: {
        Big: { Type: 'Task', Resource: arn, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Rescue' }], End: true },
        Rescue: { Type: 'Pass', End: true },
      },
    });
    expect(await run(machine, {})).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  test('whose role may not invoke the function fails as Step Functions says it', async () => {
    const arn = await deployFunction('exports.handler = async () => 1');
    const machine = await deployMachine(single({ Resource: arn }), ['s3:GetObject']);
    const { error, cause } = await run(machine, {});
    expect(error).toBe('Lambda.AWSLambdaException');
    expect(cause).toMatch(
      /is not authorized to perform: lambda:InvokeFunction on resource: .*Error Code: AccessDeniedException/s,
    );
  });
});

describe('a build task', () => {
  const task = (project: string) =>
    single({
      Resource: codeBuildTask,
      Parameters: { ProjectName: project, EnvironmentVariablesOverride: [{ Name: 'BUILD_ID', 'Value.$': '$.build' }] },
    });

  test('waits for the build and gives it in PascalCase', async () => {
    const project = await deployProject([`test "$BUILD_ID" = b1`]);
    const { status, output } = await run(await deployMachine(task(project)), { build: 'b1' });
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(String(output))).toMatchObject({
      Build: {
        BuildStatus: 'SUCCEEDED',
        ProjectName: project,
        Environment: { EnvironmentVariables: [{ Name: 'BUILD_ID', Value: 'b1' }] },
      },
    });
  });

  test('has the functions that come after its build started meanwhile', async () => {
    const loaded = join(folder, 'loaded');
    const judge = await deployFunction(`require('node:fs').writeFileSync(${JSON.stringify(loaded)}, '');
      exports.handler = async () => 'judged';`);
    const project = await deployProject([`until [ -e '${loaded}' ]; do sleep 0.05; done`]);
    const build = { Type: 'Task', Resource: codeBuildTask, Parameters: { ProjectName: project }, Next: 'Way' };
    const way = { Type: 'Choice', Choices: [{ Variable: '$.none', IsPresent: true, Next: 'Build' }], Default: 'Judge' };
    const invoke = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Parameters: { FunctionName: judge } };
    const last = { ...invoke, OutputPath: '$.Payload', End: true };
    const machine = await deployMachine({ StartAt: 'Build', States: { Build: build, Way: way, Judge: last } });
    expect(await run(machine, {})).toMatchObject({ status: 'SUCCEEDED', output: '"judged"' });
  });

  test('of a failed build fails as States.TaskFailed with the build as its cause', async () => {
    const project = await deployProject(['false']);
    const { error, cause } = await run(await deployMachine(task(project)), { build: 'b1' });
    expect(error).toBe('States.TaskFailed');
    expect(JSON.parse(String(cause))).toMatchObject({ Build: { BuildStatus: 'FAILED' } });
  });

  test('stops its build when the execution is stopped', async () => {
    const project = await deployProject(['exec sleep 600']);
    const machine = await deployMachine(task(project));
    const { executionArn } = send('StartExecution', { stateMachineArn: machine, input: '{"build":"b"}' });
    const ids = await eventually(() => {
      const list = codeBuild.operations?.ListBuildsForProject;
      const listed = list?.handle(list.input.parse({ projectName: project }) as never, owner, call);
      expect(listed).toMatchObject({ ids: [expect.any(String)] });
      return (listed as { ids: string[] }).ids;
    });
    send('StopExecution', { executionArn });
    expect((await codeBuild.ended(ids[0] ?? '')).buildStatus).toBe('STOPPED');
  });

  test('of a project that is not there is refused under the name of the service', async () => {
    expect(await run(await deployMachine(task('none')), { build: 'b' })).toMatchObject({
      error: 'CodeBuild.ResourceNotFoundException',
    });
  });
});

describe('a task that waits for its token', () => {
  const task = (functionArn: string) =>
    single({
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: functionArn, Payload: { 'token.$': '$$.Task.Token', 'fails.$': '$.fails' } },
    });
  const code = () => `const fs = require('node:fs');
    exports.handler = async ({ token, fails }) => {
      if (fails) throw new RangeError('there is nothing to wait for');
      fs.writeFileSync(${JSON.stringify(join(folder, 'token'))}, token);
    }`;

  test('goes on with what comes with the token, which is good for once', async () => {
    const machine = await deployMachine(task(await deployFunction(code())));
    const { executionArn } = send('StartExecution', { stateMachineArn: machine, input: '{"fails":false}' });
    const taskToken = await eventually(async () => {
      const token = await readFile(join(folder, 'token'), 'utf8');
      expect(token).not.toBe('');
      return token;
    });
    expect(send('DescribeExecution', { executionArn })).toMatchObject({ status: 'RUNNING' });
    send('SendTaskSuccess', { taskToken, output: '{"found":3}' });
    expect(await ended(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '{"found":3}' });
    expect(() => send('SendTaskSuccess', { taskToken, output: '{}' })).toThrow(/Task Timed Out/);
    expect(() => states.operations?.SendTaskSuccess?.permissions({ taskToken: 'none', output: '' } as never)).toThrow(
      /Invalid Token/,
    );
  });

  test('does not wait if its function fails', async () => {
    const machine = await deployMachine(task(await deployFunction(code())));
    expect(await run(machine, { fails: true })).toMatchObject({ status: 'FAILED', error: 'RangeError' });
  });
});

describe('after the machine was stopped in the middle', () => {
  test('an execution goes on at the state where it was, as the same execution', async () => {
    const code = `const fs = require('node:fs');
      exports.handler = async (event) => {
        fs.appendFileSync(${JSON.stringify(join(folder, 'calls'))}, event.step + '\\n');
        if (event.step === 'second' && !fs.existsSync(${JSON.stringify(join(folder, 'go'))})) await new Promise(() => {});
        return { ...event };
      }`;
    const machineOf = async () => {
      const arn = await deployFunction(code);
      const step = (name: string, next: object) => ({
        Type: 'Task',
        Resource: arn,
        Parameters: {
          step: name,
          'build.$': '$.build',
          'name.$': '$$.Execution.Name',
          'input.$': '$$.Execution.Input',
          'at.$': '$$.Execution.StartTime',
        },
        ...next,
      });
      return deployMachine({
        StartAt: 'First',
        States: {
          First: step('first', { Next: 'Second' }),
          Second: step('second', { Next: 'Third' }),
          Third: step('third', { End: true }),
        },
      });
    };
    const machine = await machineOf();
    const { executionArn, startDate } = send('StartExecution', {
      stateMachineArn: machine,
      name: 'b1',
      input: '{"build":"b1"}',
    });
    await eventually(async () => expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('first\nsecond\n'));

    await close();
    await writeFile(join(folder, 'go'), '');
    open();
    await machineOf();
    await states.start?.();
    const execution = await ended(executionArn);
    expect(execution).toMatchObject({ status: 'SUCCEEDED', startDate });
    expect(JSON.parse(String(execution.output))).toEqual({
      step: 'third',
      build: 'b1',
      name: 'b1',
      input: { build: 'b1' },
      at: new Date(Number(startDate) * 1000).toISOString(),
    });
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('first\nsecond\nsecond\nthird\n');
  });
});

test('a machine that was stopped ends, though an execution waits for an hour', async () => {
  const machine = await deployMachine({
    StartAt: 'Only',
    States: { Only: { Type: 'Wait', Seconds: 3600, End: true } },
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    send('StartExecution', { stateMachineArn: machine, input: '{}' });
    // The time limit of the execution, and the wait.
    while (vi.getTimerCount() < 2) await nextTurn();
    await states.stop?.();
    await nextTurn();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

describe('a definition', () => {
  test.each([
    [
      'a resource that one machine does not know',
      single({ Resource: 'arn:aws:states:::ecs:runTask.sync' }),
      /Only: the resource arn:aws:states:::ecs:runTask.sync/,
    ],
    ['JSONata', { QueryLanguage: 'JSONata', ...single({ Resource: codeBuildTask }) }, /JSONata is not supported/],
    ['a state that does not exist', single({ Resource: codeBuildTask, End: undefined, Next: 'Nowhere' }), /Nowhere/],
    ['a heartbeat', single({ Resource: codeBuildTask, HeartbeatSeconds: 5 }), /HeartbeatSeconds is not supported/],
  ])('with %s is refused', async (_, definition, message) => {
    await expect(deployMachine(definition)).rejects.toThrow(message);
  });

  test('that waits for builds needs the permissions for the rule that tells of their end', async () => {
    await expect(deployMachine(single({ Resource: codeBuildTask }), ['codebuild:*'])).rejects.toThrow(
      /is not authorized to create managed-rule/,
    );
  });
});
