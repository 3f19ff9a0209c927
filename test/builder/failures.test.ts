import { afterAll, beforeAll, expect, test } from 'vitest';
import { runningCommands } from '../running-commands.ts';
import { type Build, BuilderSetup, busybox } from './builder-setup.ts';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
});

afterAll(() => setup[Symbol.asyncDispose]());

/** What the last step prints: BuildKit puts the step's number and the time before it. */
const begun = /^(?:#\d+ [\d.]+ )?begun$/m;

const dockerfile = (...lines: string[]) => ({ ...busybox.files, Dockerfile: busybox.dockerfile + lines.join('\n') });

function expectFailure({ result, code, log }: Build, error: string, message: RegExp): void {
  expect(result, log).toMatchObject({ outcome: 'failed', error, message: expect.stringMatching(message) });
  expect(code).toBe(1);
  expect(log).toContain('==> failed');
}

test('a commit that does not exist', async () => {
  setup.git.commit('app', { a: 'b' });
  expectFailure(await setup.run(setup.request('1'.repeat(40))), 'SourceNotFoundError', /cannot be fetched from/);
});

test.each([
  ['is not there', { Dockerfile: 'FROM scratch' }, { dockerfile: 'other' }, /"other" is not in the repository/],
  ['is a link to a file outside', { Dockerfile: { link: '/etc/passwd' } }, {}, /leads out of the repository/],
  [
    'has a context outside',
    { Dockerfile: 'FROM scratch', out: { link: '/' } },
    { context: 'out' },
    /leads out of the repository/,
  ],
  [
    'has ignore rules from outside',
    { Dockerfile: 'FROM scratch', '.dockerignore': { link: '/etc/passwd' } },
    {},
    /ignore file .* leads out/,
  ],
])('a Dockerfile that %s', async (_, files, changes, message) => {
  setup.git.git('app', 'rm', '-rqf', '--ignore-unmatch', '.');
  expectFailure(await setup.build(files, changes), 'DockerfileNotFoundError', message);
});

test.each([
  ['no FROM', 'RUN ls', /no FROM instruction/],
  ['a base whose name is malformed', 'FROM Some/Thing', /lower case/],
  ['a base that looks like an option', 'FROM --all', /cannot be built/],
])('a Dockerfile with %s', async (_, text, message) => {
  setup.git.git('app', 'rm', '-rqf', '--ignore-unmatch', '.');
  expectFailure(await setup.build({ Dockerfile: text }), 'DockerfileInvalidError', message);
});

test('a base of this registry that no project releases', async () => {
  const build = await setup.build({ Dockerfile: `FROM ${setup.registry.host}/demo/none:1` });
  expectFailure(build, 'BaseNotFoundError', /demo\/none:1 is not a release of a project of the index.*depends-on/);
});

test('a registry of a base that cannot be reached', async () => {
  expectFailure(await setup.build({ Dockerfile: 'FROM localhost:9/some/base' }), 'BaseUnavailableError', /localhost:9/);
});

test('a build that runs for ever', async () => {
  const build = await setup.buildUntil((log) => begun.test(log), dockerfile('RUN echo begun; sleep 4321'));
  expectFailure(build, 'BuildTimeoutError', new RegExp(`after ${build.seconds} seconds`));
});

test('a build that prints without end', async () => {
  const build = await setup.build(dockerfile('RUN echo first; yes a-very-noisy-step'), { logLimitBytes: 200_000 });
  expectFailure(build, 'LogLimitError', /because it printed more than/);
  expect(build.log.length).toBeGreaterThan(150_000);
  expect(build.log.length).toBeLessThan(250_000);
  expect(build.log).toContain('first');
});

test('a build that is stopped from outside', async () => {
  const request = setup.request(setup.git.commit('app', dockerfile('RUN echo begun; sleep 4321')));
  const build = await setup.run(request, (process) => {
    process.stdout?.on('data', (text: string) => {
      if (begun.test(text)) process.kill('SIGTERM');
    });
  });
  expectFailure(build, 'BuildStoppedError', /stopped from outside/);
});

test('a registry that does not take the image', async () => {
  await using refusing = await BuilderSetup.open({ refuseManifests: { status: 403, code: 'DENIED' } });
  expectFailure(await refusing.build(dockerfile()), 'PushFailedError', /did not take it/);
});

test('a request that is not one', async () => {
  const request = { ...setup.request('1'.repeat(40)), timeoutSeconds: -1 };
  const build = await setup.run(request);
  expect(build.result).toMatchObject({ outcome: 'failed' });
  expect(build.code).toBe(1);
});

test('a log that the records do not take', async () => {
  await using denied = await BuilderSetup.open();
  denied.aws.denied = /\/log\//;
  const build = await denied.build({ ...busybox.files, Dockerfile: busybox.dockerfile });
  expect(build.code).toBe(1);
  expect(build.console).toMatch(/could not be stored: AccessDenied/);
});

test('a builder that is killed takes its engine with it, and after all of that the next build works', async () => {
  await expect.poll(runningCommands).not.toMatch(/^sleep 4321/m);
  const request = setup.request(setup.git.commit('app', dockerfile('RUN echo begun; sleep 8765')));
  const killed = setup.run(request, (process) => {
    process.stdout?.on('data', (text: string) => {
      if (begun.test(text)) process.kill('SIGKILL');
    });
  });
  await expect(killed).rejects.toThrow('left no result');
  await expect.poll(runningCommands).not.toMatch(/^sleep 8765/m);
  const build = await setup.build(dockerfile('RUN true'));
  expect(build.result.outcome, build.log).toBe('built');
});
