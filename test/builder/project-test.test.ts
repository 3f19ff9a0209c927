import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Build, BuilderSetup, password, secretKey } from './builder-setup.ts';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
  setup.release('demo/tools');
});
afterAll(() => setup[Symbol.asyncDispose]());

const reportOf = ({ scanners }: Build, name: string) => scanners?.reports.find(({ scanner }) => scanner === name);
const image = 'FROM demo/tools:v1\nCOPY Dockerfile /Dockerfile\n';

const isConnected = Object.keys(networkInterfaces()).some((name) => name !== 'lo');

test('a test that fails is in what the scanners say; it has seen nothing of the builder and of the machine', async () => {
  const build = await setup.build({
    Dockerfile: image,
    'cccp.yml': 'job-id: app\ntest-skip: False\ntest-script: tests/look\n',
    'tests/look': [
      '#!/bin/sh',
      'env; cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"',
      'ls -d /work /root/.cache /var/lib/dpkg',
      `ls ${setup.home} && echo HOME SEEN`,
      'mount -t tmpfs none /tmp && echo MOUNTED',
      'mknod /disk b 8 0 && echo DEVICE',
      'tail -n +3 /proc/net/dev | grep -v "^ *lo:" && echo NETWORK',
      'ls -a',
      'exit 4',
    ].join('\n'),
  });

  expect(build.result.outcome, build.log).toBe('built');
  expect(reportOf(build, 'user-test')).toMatchObject({
    state: 'complete',
    findings: [{ script: 'tests/look', exitCode: 4 }],
  });
  expect(build.log).toMatch(/==> scan .*\n(?:.*\n)*==> user-test .*\n(?:.*\n)*user-test \| Dockerfile\n/);
  for (const secret of [password, secretKey, 'HOME SEEN', 'MOUNTED', 'DEVICE', 'NETWORK', 'RECORDS_BUCKET', '.git']) {
    expect(build.log).not.toMatch(new RegExp(`^user-test \\|.*${secret}`, 'm'));
  }
});

test.runIf(isConnected)('a test that asks for the network has it', async () => {
  const build = await setup.build({
    Dockerfile: image,
    'cccp.yml': 'test-script: look\ntest-network: true\n',
    look: '#!/bin/sh\ntail -n +3 /proc/net/dev | grep -v "^ *lo:"\n',
  });

  expect(reportOf(build, 'user-test'), build.log).toMatchObject({ state: 'complete', findings: [] });
});

test('the test and the Dockerfile are as the prebuild script made them', async () => {
  const build = await setup.build(
    {
      'hooks/pre_build': `#!/bin/sh\nprintf '${image.replaceAll('\n', '\\n').replace('v1', 'v1 AS Made')}' > Dockerfile\nprintf 'pwd\\n' > test.sh\n`,
      'images/app/.cccp.yml': 'test-script: test.sh\n',
      'cccp.yml': 'test-script: other.sh\n',
    },
    {
      dockerfile: 'images/app/Dockerfile',
      context: 'images/app',
      prebuild: { script: 'hooks/pre_build', context: 'images/app' },
    },
  );

  expect(reportOf(build, 'user-test'), build.log).toMatchObject({ state: 'complete', findings: [] });
  expect(build.log).toContain('user-test | /source/images/app\n');
  expect(reportOf(build, 'dockerfile-lint')?.findings).toContainEqual(
    expect.objectContaining({ rule: 'StageNameCasing', line: 1 }),
  );
});

test('where nobody can read whether there is a test, the image is built, and has not passed one', async () => {
  const build = await setup.build({ Dockerfile: image, 'cccp.yml': { link: '/etc/hostname' } });

  expect(build.result.outcome).toBe('built');
  expect(reportOf(build, 'user-test')).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/cannot be read from cccp\.yml\. .* leads out of the repository/),
  });
});
