import { afterAll, beforeAll, expect, test } from 'vitest';
import { runningCommands } from '../running-commands.ts';
import { BuilderSetup, password, secretKey } from './builder-setup.ts';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
  setup.release('demo/tools');
});
afterAll(() => setup[Symbol.asyncDispose]());

const prebuild = { script: 'hooks/pre_build', context: 'images/app' };
const at = { prebuild, dockerfile: 'images/app/Dockerfile', context: 'images/app' };

test('a prebuild script makes the Dockerfile that is built, in its folder, as what it is written for', async () => {
  const { result, log } = await setup.build(
    {
      'hooks/pre_build':
        '#!/bin/sh\nset -e\necho in "$PWD"\nprintf "FROM scratch\\nCOPY made /\\n" > Dockerfile\necho text > made\n',
      'images/app/README': 'nothing to build yet',
    },
    at,
  );

  expect(result, log).toMatchObject({ outcome: 'built' });
  expect(log).toMatch(/==> fetch[\s\S]*==> prebuild[\s\S]*in \/source\/images\/app[\s\S]*==> bases/);
});

test('a script that fails fails the build with its last lines, and nothing is built', async () => {
  const { result, log } = await setup.build(
    {
      'hooks/pre_build': 'echo cannot find the template\nexit 3\n',
      'images/app/Dockerfile': 'FROM scratch\nCOPY . /\n',
    },
    at,
  );

  expect(result).toMatchObject({
    outcome: 'failed',
    error: 'PrebuildFailedError',
    message: expect.stringMatching(/hooks\/pre_build ended with 3\. [\s\S]*cannot find the template$/),
  });
  expect(log).not.toContain('==> build');
});

test('a script sees no secret of the builder, none of its processes and nothing of the machine', async () => {
  const { result, log } = await setup.build(
    {
      'hooks/pre_build': [
        'env; cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"',
        'ls -d /work /root/.cache /var/lib/dpkg',
        `ls ${setup.home} && echo HOME SEEN`,
        'mount -t tmpfs none /tmp && echo MOUNTED',
        'mknod /source/disk b 8 0 && echo DEVICE',
        'true',
      ].join('\n'),
      'images/app/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n',
    },
    at,
  );

  expect(result.outcome, log).toBe('built');
  for (const secret of [password, secretKey, 'HOME SEEN', 'MOUNTED', 'DEVICE', 'RECORDS_BUCKET']) {
    expect(log).not.toContain(secret);
  }
});

test('a link that a script puts instead of the Dockerfile leads nowhere', async () => {
  const { result } = await setup.build(
    { 'hooks/pre_build': 'ln -sf /etc/passwd Dockerfile\n', 'images/app/README': 'x' },
    at,
  );

  expect(result).toMatchObject({ outcome: 'failed', error: 'DockerfileNotFoundError' });
});

test.each([
  { script: '../outside', context: '.' },
  { script: 'hooks/nothing', context: '.' },
  { script: 'hooks/pre_build', context: 'missing' },
])('a script or a folder that is not in the repository is said to be so: %o', async (wanted) => {
  const { result } = await setup.build(
    { 'hooks/pre_build': 'true\n', Dockerfile: 'FROM scratch\nCOPY . /\n' },
    { prebuild: wanted },
  );

  expect(result).toMatchObject({ outcome: 'failed', error: 'DockerfileNotFoundError' });
});

test('a script that never ends is stopped with the build’s time, and leaves nothing running', async () => {
  const { result } = await setup.buildUntil(
    (log) => /^begun$/m.test(log),
    { 'hooks/pre_build': 'echo begun; sleep 8642 & sleep 8642\n', Dockerfile: 'FROM scratch\nCOPY . /\n' },
    { prebuild: { script: 'hooks/pre_build', context: '.' } },
  );

  expect(result).toMatchObject({ outcome: 'failed', error: 'BuildTimeoutError' });
  await expect.poll(runningCommands).not.toMatch(/^sleep 8642$/m);
});

test('a job-id in cccp.yml that is not the entry’s is a warning', async () => {
  const { result, log } = await setup.build({
    Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n',
    '.cccp.yml': 'job-id: other\ntest-skip: maybe\n',
  });

  expect(result.outcome).toBe('built');
  expect(log).toContain('.cccp.yml says job-id "other", and the index says "app"');
  expect(log).toContain('"test-skip" is neither true nor false');
});
