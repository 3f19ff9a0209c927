import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenAccount, openAccount } from '../../../local/account.ts';
import { createLambda, type Lambda } from '../../../local/aws/lambda/lambda.ts';
import { failuresOf } from '../../../local/aws/lambda/queue-poller.ts';
import { eventually } from '../../eventually.ts';
import { makeRole } from './role.ts';

let folder: string;
let account: OpenAccount;
let lambda: Lambda;
let role: string;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway lambda '));
  account = openAccount({
    url: 'http://localhost:1',
    dataFolder: join(folder, 'data'),
    log: (_, line) => void lines.push(line),
  });
  lines = [];
  role = makeRole(account, 'lambda.amazonaws.com', ['logs:*']);
  lambda = createLambda(account, (_, key) => join(folder, key));
});

afterEach(async () => {
  await lambda.stop?.();
  account.close();
  await rm(folder, { recursive: true, force: true });
});

async function deploy(code: string, more: Record<string, unknown> = {}, file = 'index.js'): Promise<string> {
  const logicalId = `Fn${Math.random().toString(16).slice(2)}`;
  await mkdir(join(folder, logicalId));
  await writeFile(join(folder, logicalId, file), code);
  const type = lambda.resources['AWS::Lambda::Function'];
  const properties = type?.properties.parse({
    Code: { S3Bucket: 'assets', S3Key: logicalId },
    Handler: 'index.handler',
    Role: role,
    Runtime: 'nodejs24.x',
    Timeout: 60,
    ...more,
  });
  const created = await type?.create({
    logicalId,
    stackName: 'Test',
    account: '123456789012',
    properties: properties as never,
  });
  return created?.attributes?.Arn ?? '';
}

type Answer = { ok: true; payload: unknown } | { ok: false; errorType: string; errorMessage: string };

async function invoke(functionArn: string, event: unknown): Promise<Answer> {
  const outcome = await lambda.run(functionArn, JSON.stringify(event));
  return outcome.ok ? { ok: true, payload: JSON.parse(outcome.payload) } : { ok: false, ...outcome.error };
}

describe('a function', () => {
  test('gets the event and a context, and its answer comes back', async () => {
    const arn = await deploy(`exports.handler = async (event, context) => ({
      event, name: context.functionName, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() })`);
    const result = await invoke(arn, { a: [1, 'ü'] });
    expect(result).toMatchObject({ ok: true, payload: { event: { a: [1, 'ü'] }, arn } });
    expect((result as { payload: { left: number } }).payload.left).toBeGreaterThan(30_000);
  });

  test.each(['index.js', 'index.cjs'])('is CommonJS: %s', async (file) => {
    const arn = await deploy('exports.handler = async () => require("node:path").basename(__filename)', {}, file);
    expect(await invoke(arn, {})).toEqual({ ok: true, payload: file });
  });

  test('is an ES module as well', async () => {
    const arn = await deploy('export const handler = async () => import.meta.filename', {}, 'index.mjs');
    expect(await invoke(arn, {})).toMatchObject({ ok: true, payload: expect.stringContaining('index.mjs') });
  });

  test('sees its own environment and nothing of the host', async () => {
    process.env.HOST_SECRET = 'x';
    const arn = await deploy('exports.handler = async () => process.env', {
      Environment: { Variables: { MINE: 'yes' } },
    });
    const { payload } = (await invoke(arn, {})) as { payload: Record<string, string> };
    expect(payload).toMatchObject({ MINE: 'yes', AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:1/aws' });
    expect(payload.AWS_SECRET_ACCESS_KEY).toBeTruthy();
    expect(payload).not.toHaveProperty('HOST_SECRET');
    expect(payload).not.toHaveProperty('HOME');
  });

  test('that throws gives the name and the message of the error', async () => {
    const arn = await deploy(`class ReleaseBusyError extends Error { name = 'ReleaseBusyError' }
      exports.handler = async () => { throw new ReleaseBusyError('later') }`);
    expect(await invoke(arn, {})).toMatchObject({ ok: false, errorType: 'ReleaseBusyError', errorMessage: 'later' });
  });

  test('that runs too long is ended, and the next event has a new instance', async () => {
    const arn = await deploy('exports.handler = async (event) => { while (event.loop) {} return 1 }', { Timeout: 1 });
    const result = await invoke(arn, { loop: true });
    expect(result).toMatchObject({ ok: false, errorType: 'Sandbox.Timedout' });
    expect((result as { errorMessage: string }).errorMessage).toMatch(/Task timed out after 1.00 seconds$/);
    await eventually(async () => expect(await invoke(arn, {})).toEqual({ ok: true, payload: 1 }));
  });

  test('that exits, or fails outside its promise, ends as Runtime.ExitError', async () => {
    const arn = await deploy(`exports.handler = (event) => {
      if (event.exit) process.exit(3);
      if (event.late) setTimeout(() => { throw new Error('late') });
      return new Promise(() => {});
    }`);
    expect(await invoke(arn, { exit: 1 })).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Runtime exited with error: exit status 3$/),
    });
    expect(await invoke(arn, { late: 1 })).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 129'),
    });
  });

  test('that takes too much memory is killed', async () => {
    const arn = await deploy('exports.handler = async () => { let a; for (;;) a = { a } }', { Timeout: 900 });
    expect(await invoke(arn, {})).toMatchObject({ errorMessage: expect.stringContaining('signal: killed') });
  });

  test('without a file or a handler says so', async () => {
    const missing = await deploy('1', { Handler: 'other.handler' });
    expect(await invoke(missing, {})).toMatchObject({ errorType: 'Runtime.ImportModuleError' });
    const unnamed = await deploy('1');
    expect(await invoke(unnamed, {})).toMatchObject({ errorType: 'Runtime.HandlerNotFound' });
  });

  test('takes and gives at most 6 MB', async () => {
    const arn = await deploy("exports.handler = async ({ size }) => 'x'.repeat(size ?? 0)");
    await expect(invoke(arn, 'x'.repeat(6 * 1024 * 1024))).rejects.toMatchObject({
      code: 'RequestEntityTooLargeException',
    });
    expect(await invoke(arn, { size: 7 * 1024 * 1024 })).toMatchObject({
      errorType: 'Function.ResponseSizeTooLarge',
    });
  });

  test('has its timeout for the event alone, however long its start takes', async () => {
    const code = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500);
      exports.handler = async () => 'there'`;
    expect(await invoke(await deploy(code, { Timeout: 3 }), {})).toEqual({ ok: true, payload: 'there' });
  });

  test('runs one event at a time in each instance, and more instances at once', async () => {
    const arn = await deploy(`let busy = 0, most = 0;
      exports.handler = async () => { most = Math.max(most, ++busy); await new Promise((r) => setTimeout(r, 50)); busy--; return most }`);
    const results = await Promise.all(Array.from({ length: 20 }, () => invoke(arn, {})));
    expect(results.every((result) => result.ok && result.payload === 1)).toBe(true);
  });

  test('starts one instance at a time: the first does what is waiting before others are there', async () => {
    const code = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      const instance = crypto.randomUUID();
      exports.handler = async () => instance;`;
    const arn = await deploy(code);
    const answers = await Promise.all(Array.from({ length: 8 }, () => invoke(arn, {})));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(new Set(answers.map((answer) => answer.ok && answer.payload)).size).toBeLessThan(8);
  });

  test("writes its output to its log group's file", async () => {
    const arn = await deploy("exports.handler = async () => console.log('hello from here')", {
      LoggingConfig: { LogGroup: '/slipway/judge' },
    });
    await invoke(arn, {});
    await eventually(async () => {
      const text = await readFile(join(folder, 'data/logs/slipway/judge.log'), 'utf8');
      expect(text).toMatch(/hello from here/);
      expect(text).toMatch(/REPORT RequestId: /);
    });
  });

  test('whose role may not write its log runs all the same', async () => {
    const Role = makeRole(account, 'lambda.amazonaws.com');
    const LoggingConfig = { LogGroup: '/slipway/silent' };
    const arn = await deploy("exports.handler = async () => console.log('lost')", { Role, LoggingConfig });
    expect(await invoke(arn, {})).toEqual({ ok: true, payload: null });
    expect(lines).toContainEqual(
      expect.stringMatching(/writes no log: .* is not authorized to perform: logs:CreateLogStream/),
    );
  });

  test('invoked asynchronously is tried again after a restart', async () => {
    const arn = await deploy(`exports.handler = async ({ file }) => require('node:fs').writeFileSync(file, 'done')`);
    const file = join(folder, 'answer');
    lambda.invokeAsync(arn, { file });
    await lambda.start?.();
    await eventually(async () => expect(await readFile(file, 'utf8')).toBe('done'));
  });

  test('can be invoked by a service only with a permission', async () => {
    const arn = await deploy('exports.handler = async () => 1');
    const caller = {
      kind: 'service',
      arn: 'service:events.amazonaws.com',
      sourceArn: 'arn:aws:events:r:1:rule/a',
    } as const;
    await expect(lambda.run(arn, '{}', caller)).rejects.toMatchObject({ code: 'AccessDeniedException' });
    const permission = lambda.resources['AWS::Lambda::Permission'];
    permission?.create({
      logicalId: 'P',
      stackName: 'Test',
      account: '123456789012',
      properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: arn,
        Principal: 'events.amazonaws.com',
        SourceArn: 'arn:aws:events:r:1:rule/a',
      } as never,
    });
    expect(await lambda.run(arn, '{}', caller)).toMatchObject({ ok: true, payload: '1' });
    await expect(lambda.run(arn, '{}', { ...caller, sourceArn: 'arn:aws:events:r:1:rule/b' })).rejects.toThrow();
  });
});

describe('a partial batch answer', () => {
  const source = { FunctionResponseTypes: ['ReportBatchItemFailures'] } as never;
  const batch = [{ MessageId: 'a' }, { MessageId: 'b' }];
  test.each([
    ['{"batchItemFailures":[{"itemIdentifier":"b"}]}', new Set(['b'])],
    ['{"batchItemFailures":[]}', new Set()],
    ['{"batchItemFailures":null}', new Set()],
    ['{}', new Set()],
    ['null', new Set()],
    ['""', new Set()],
    ['"text"', 'all'],
    ['{"batchItemFailures":[{"itemIdentifier":""}]}', 'all'],
    ['{"batchItemFailures":[{"itemIdentifier":null}]}', 'all'],
    ['{"batchItemFailures":[{"id":"a"}]}', 'all'],
    ['{"batchItemFailures":[{"itemIdentifier":"unknown"}]}', 'all'],
  ])('%s', (payload, failed) => {
    expect(failuresOf(payload, source, batch)).toEqual(failed);
  });
});
