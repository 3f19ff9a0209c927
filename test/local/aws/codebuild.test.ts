import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenAccount, openAccount } from '../../../local/account.ts';
import type { Build } from '../../../local/aws/codebuild/build.ts';
import { type CodeBuild, createCodeBuild } from '../../../local/aws/codebuild/codebuild.ts';
import { identityOf } from '../../../local/aws/codebuild/processes.ts';
import type { Caller } from '../../../local/aws/service.ts';
import { eventually } from '../../eventually.ts';
import { makeRole } from './role.ts';

const owner: Caller = { kind: 'owner', arn: 'arn:aws:iam::123456789012:root' };
const call = { requestId: 'r', gone: new AbortController().signal };

let folder: string;
let account: OpenAccount;
let codeBuild: CodeBuild;
let events: Record<string, unknown>[];
let text: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway builds '));
  await mkdir(join(folder, 'source'));
  await writeFile(join(folder, 'source', 'hello.txt'), 'from the source\n');
  open();
});

afterEach(async () => {
  await codeBuild.stop?.();
  account.close();
  await rm(folder, { recursive: true, force: true });
});

function open(): void {
  events = [];
  text = '';
  account = openAccount({ url: 'http://localhost:1', dataFolder: join(folder, 'data'), log: () => undefined });
  account.connect({
    emit: (event) => void events.push(event as unknown as Record<string, unknown>),
  });
  codeBuild = createCodeBuild(account, {
    concurrentBuilds: 1,
    engineEnvironment: { DOCKER_HOST: 'unix:///run/engine.sock' },
    codeOf: () => join(folder, 'source'),
    onOutput: (_, chunk) => {
      text += chunk.toString();
    },
  });
}

async function project(buildspec: unknown, more: Record<string, unknown> = {}, actions = ['*']): Promise<string> {
  const type = codeBuild.resources['AWS::CodeBuild::Project'];
  const properties = type?.properties.parse({
    Artifacts: { Type: 'NO_ARTIFACTS' },
    ServiceRole: makeRole(account, 'codebuild.amazonaws.com', actions),
    Source: { Type: 'S3', Location: 'assets/source.zip', BuildSpec: JSON.stringify(buildspec, null, 1) },
    Environment: {
      Type: 'ARM_CONTAINER',
      ComputeType: 'BUILD_GENERAL1_SMALL',
      Image: 'image',
      EnvironmentVariables: [{ Name: 'COLOUR', Type: 'PLAINTEXT', Value: 'red' }],
    },
    ...more,
  });
  const created = await type?.create({
    logicalId: 'Project',
    stackName: 'Test',
    account: '123456789012',
    properties: properties as never,
  });
  return created?.ref ?? '';
}

function send(name: string, input: unknown): { build: Build; [member: string]: unknown } {
  const operation = codeBuild.operations?.[name];
  const parsed = operation?.input.parse(input) as never;
  return operation?.handle(parsed, owner, call) as { build: Build };
}

async function run(buildspec: unknown, override: { name: string; value: string }[] = []): Promise<Build> {
  const projectName = await project(buildspec);
  return codeBuild.ended(send('StartBuild', { projectName, environmentVariablesOverride: override }).build.id);
}

const phases = (commands: string[], more: object = {}) => ({
  version: '0.2',
  phases: { build: { commands }, ...more },
});

describe('a build', () => {
  test('runs its commands in one shell, in the source, with its own environment', async () => {
    process.env.HOST_SECRET = 'host';
    const build = await run(
      phases([
        'cat hello.txt',
        'mkdir sub && cd sub',
        'export GREETING="good day"',
        'echo "$GREETING $COLOUR in $(basename "$PWD")"',
        'env',
      ]),
      [{ name: 'COLOUR', value: '$(touch /tmp/never) blue' }],
    );
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(text).toContain('from the source');
    expect(text).toContain('good day $(touch /tmp/never) blue in sub');
    expect(text).toContain(`CODEBUILD_BUILD_ID=${build.id}`);
    expect(text).toContain('DOCKER_HOST=unix:///run/engine.sock');
    expect(text).toMatch(/AWS_ENDPOINT_URL=http:\/\/127.0.0.1:1\/aws/);
    expect(text).not.toContain('HOST_SECRET');
    const log = await readFile(
      join(account.dataFolder, 'logs', `${build.logs.groupName}/${build.logs.streamName}.log`),
      'utf8',
    );
    expect(log).toContain('good day');
    expect(await readdir(join(account.dataFolder, 'builds'))).toEqual([]);
  });

  test('finds what Node compiled in an earlier one, though its program has another path', async () => {
    await writeFile(join(folder, 'source', 'program.mjs'), 'process.stdout.write("from Node");\n');
    const compiled = async () =>
      (await readdir(join(account.dataFolder, 'cache', 'builder'), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ name }) => name);
    await run(phases(['node program.mjs']));
    const first = await compiled();
    expect(first).toHaveLength(1);
    await run(phases(['node program.mjs']));
    expect(text.match(/from Node/g)).toHaveLength(2);
    expect(await compiled()).toEqual(first);
  });

  test('lists its phases with their times, and says so on the bus as AWS does', async () => {
    const build = await run(phases(['true']));
    expect(build.phases.map(({ phaseType, phaseStatus }) => `${phaseType} ${phaseStatus ?? ''}`.trim())).toEqual([
      'SUBMITTED SUCCEEDED',
      'QUEUED SUCCEEDED',
      'PROVISIONING SUCCEEDED',
      'DOWNLOAD_SOURCE SUCCEEDED',
      'INSTALL SUCCEEDED',
      'PRE_BUILD SUCCEEDED',
      'BUILD SUCCEEDED',
      'POST_BUILD SUCCEEDED',
      'FINALIZING SUCCEEDED',
      'COMPLETED',
    ]);
    expect(events).toMatchObject([
      {
        source: 'aws.codebuild',
        'detail-type': 'CodeBuild Build State Change',
        detail: { 'build-status': 'IN_PROGRESS' },
      },
      {
        resources: [build.arn],
        detail: {
          'build-status': 'SUCCEEDED',
          'build-id': build.arn,
          'additional-information': {
            'build-complete': true,
            environment: { 'environment-variables': [{ name: 'COLOUR', value: 'red', type: 'PLAINTEXT' }] },
            'build-start-time': expect.stringMatching(/^[A-Z][a-z]{2} \d+, \d{4} \d+:\d\d:\d\d [AP]M$/),
          },
        },
      },
    ]);
  });

  test('fails with the command and its status, and post_build still runs', async () => {
    const build = await run(
      phases(['exit 7'], {
        post_build: { commands: ['echo after $CODEBUILD_BUILD_SUCCEEDING'] },
        install: { commands: ['true'] },
      }),
    );
    expect(build.buildStatus).toBe('FAILED');
    expect(text).toContain('after 0');
    expect(build.phases.find(({ phaseType }) => phaseType === 'BUILD')?.contexts).toEqual([
      {
        statusCode: 'COMMAND_EXECUTION_ERROR',
        message: 'Error while executing command: exit 7. Reason: exit status 7',
      },
    ]);
  });

  test('runs finally after a failure, and nothing after a failed pre_build', async () => {
    const build = await run({
      version: 0.2,
      phases: {
        pre_build: { commands: ['false', 'echo unreached'], finally: ['echo cleaned'] },
        build: { commands: ['echo built'] },
      },
    });
    expect(build.buildStatus).toBe('FAILED');
    expect(text).toContain('cleaned\n');
    expect(text).not.toMatch(/^unreached|^built/m);
  });

  test('takes its buildspec from the source when the project has none, and names a part that it cannot run', async () => {
    await writeFile(
      join(folder, 'source', 'buildspec.yml'),
      'version: 0.2\nphases:\n  build:\n    commands: [echo from the file]\n',
    );
    const plain = await project(undefined);
    expect((await codeBuild.ended(send('StartBuild', { projectName: plain }).build.id)).buildStatus).toBe('SUCCEEDED');
    expect(text).toContain('from the file');
    const build = await run({ ...phases(['true']), artifacts: { files: ['**/*'] } });
    expect(build.buildStatus).toBe('FAILED');
    expect(text).toContain("The buildspec's artifacts: is not supported on one machine");
  });

  test('fails when its role may not read the source', async () => {
    const projectName = await project(phases(['true']), {}, ['logs:*']);
    const build = await codeBuild.ended(send('StartBuild', { projectName }).build.id);
    expect(build.buildStatus).toBe('FAILED');
    expect(JSON.stringify(build.phases)).toContain('is not authorized to perform: s3:GetObject');
  });
});

describe('stopping a build', () => {
  test('ends every process of it, also one that left the group and one that ignores TERM', async () => {
    const projectName = await project(
      phases([`setsid sh -c 'trap "" TERM; echo $$ > "${folder}/pid"; while :; do sleep 0.1; done' & sleep 600`]),
    );
    const { build } = send('StartBuild', { projectName });
    await eventually(() => expect(existsSync(join(folder, 'pid'))).toBe(true));
    await eventually(async () => expect(await readFile(join(folder, 'pid'), 'utf8')).toMatch(/\d\n/));
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
    send('StopBuild', { id: build.id });
    const ended = await codeBuild.ended(build.id);
    expect(ended.buildStatus).toBe('STOPPED');
    expect(identityOf(pid)).toBeUndefined();
    expect(await readdir(join(account.dataFolder, 'builds'))).toEqual([]);
  });

  test('that still waits takes it out of the queue', async () => {
    const projectName = await project(phases(['sleep 600']));
    const first = send('StartBuild', { projectName }).build;
    const second = send('StartBuild', { projectName }).build;
    expect(send('StopBuild', { id: second.arn }).build).toMatchObject({
      buildStatus: 'STOPPED',
      currentPhase: 'COMPLETED',
    });
    send('StopBuild', { id: first.id });
    await codeBuild.ended(first.id);
  });
});

describe('starting builds', () => {
  test('turns builds away when five times the limit wait', async () => {
    const projectName = await project(phases(['true']));
    const builds = Array.from({ length: 5 }, () => send('StartBuild', { projectName }).build);
    await eventually(() => expect(events.length).toBeGreaterThan(0));
    builds.push(send('StartBuild', { projectName }).build);
    for (let count = 0; count < 5; count++) {
      try {
        builds.push(send('StartBuild', { projectName }).build);
      } catch (error) {
        expect(error).toMatchObject({
          code: 'AccountLimitExceededException',
          message: 'Cannot have more than 5 builds in queue for the account',
        });
        break;
      }
    }
    await Promise.all(builds.map(({ id }) => codeBuild.ended(id)));
  });

  test('with the same token gives the same build, and refuses other parameters', async () => {
    const projectName = await project(phases(['true']));
    const first = send('StartBuild', { projectName, idempotencyToken: 't' }).build;
    expect(send('StartBuild', { projectName, idempotencyToken: 't' }).build.id).toBe(first.id);
    expect(() => send('StartBuild', { projectName, idempotencyToken: 't', sourceVersion: 'x' })).toThrow(
      expect.objectContaining({ code: 'InvalidInputException' }),
    );
    await codeBuild.ended(first.id);
    expect(send('BatchGetBuilds', { ids: [first.id, 'no:such'] })).toMatchObject({
      builds: [{ id: first.id, buildStatus: 'SUCCEEDED' }],
      buildsNotFound: ['no:such'],
    });
    expect(send('ListBuildsForProject', { projectName })).toEqual({ ids: [first.id] });
  });

  test('of a project that is not there says so', () => {
    expect(() => send('StartBuild', { projectName: 'none' })).toThrow(
      expect.objectContaining({ code: 'ResourceNotFoundException' }),
    );
  });
});

test('after a kill of the machine, what the build left behind is ended and the build is closed', async () => {
  const program = `
    import { openAccount } from ${JSON.stringify(new URL('../../../local/account.ts', import.meta.url).href)};
    import { createCodeBuild } from ${JSON.stringify(new URL('../../../local/aws/codebuild/codebuild.ts', import.meta.url).href)};
    const account = openAccount({ url: 'http://localhost:1', dataFolder: process.argv[1], log: () => undefined });
    account.connect({ emit: () => undefined });
    account.iam.putRole('arn:aws:iam::123456789012:role/b', { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Action: 'sts:AssumeRole' }] });
    account.iam.putRolePolicy('arn:aws:iam::123456789012:role/b', 'p', { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });
    const service = createCodeBuild(account, { concurrentBuilds: 1, engineEnvironment: {}, codeOf: () => process.argv[1] });
    const type = service.resources['AWS::CodeBuild::Project'];
    const { ref } = await type.create({ logicalId: 'Project', stackName: 'Test', account: '123456789012', properties: type.properties.parse({
      Artifacts: { Type: 'NO_ARTIFACTS' }, ServiceRole: 'arn:aws:iam::123456789012:role/b',
      Source: { Type: 'NO_SOURCE', BuildSpec: JSON.stringify({ version: '0.2', phases: { build: { commands: ['echo $$ > ../pid; sleep 600'] } } }, null, 1) },
      Environment: { Type: 'x', ComputeType: 'x', Image: 'x' } }) });
    const { StartBuild } = service.operations;
    const { build } = StartBuild.handle(StartBuild.input.parse({ projectName: ref }), { kind: 'owner', arn: 'a' });
    console.log(build.id);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const id = String((await new Promise<Buffer>((resolve) => child.stdout.once('data', resolve))).toString()).trim();
  const workspace = join(folder, 'data', 'builds', id.split(':')[1] ?? '');
  await eventually(async () => expect(await readFile(join(workspace, 'pid'), 'utf8')).toMatch(/\d\n/));
  const pid = Number(await readFile(join(workspace, 'pid'), 'utf8'));
  child.kill('SIGKILL');
  expect(identityOf(pid)).toBeDefined();
  await codeBuild.start?.();
  expect(identityOf(pid)).toBeUndefined();
  expect(existsSync(workspace)).toBe(false);
  expect(await codeBuild.ended(id)).toMatchObject({ buildStatus: 'FAULT', buildComplete: true });
});
