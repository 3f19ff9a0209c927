// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of their own

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BuilderSetup, password } from './builder-setup.ts';
import { startFakeAws } from './fake-aws.ts';
import { startFakeGitHost } from './fake-git-host.ts';
import { startFakeRegistry } from './fake-registry.ts';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
  setup.release('demo/base');
});

afterAll(() => setup[Symbol.asyncDispose]());

const baseOf = (reference: string) => ({
  reference,
  image: `${setup.registry.host}/demo/base:v1`,
  digest: setup.registry.manifest('demo/base', 'v1')?.digest,
  own: true,
});

test('a build without one of its bases says which is missing and which is there', async () => {
  const { host } = setup.registry;
  const { result } = await setup.build({
    Dockerfile: `FROM demo/base:v1\nCOPY --from=${host}/mirror/debian:12 /a /a\nCOPY --from=localhost:9/none /b /b\n`,
  });
  expect(result).toMatchObject({
    outcome: 'failed',
    error: 'BaseNotFoundError',
    bases: [baseOf('demo/base:v1')],
    missingBases: [
      { reference: `${host}/mirror/debian:12`, image: `${host}/mirror/debian:12`, own: true },
      { reference: 'localhost:9/none', image: 'localhost:9/none:latest', own: false },
    ],
  });
});

test('the image of # syntax is a base, also with an engine that does not read it, which it does not hold up where it is not there', async () => {
  const dockerfile = (syntax: string) => `# syntax=${syntax}\nFROM scratch\nCOPY Dockerfile /\n`;
  const { host } = setup.registry;
  const frontends = [`${host}/demo/base`, `${host}/demo/none`];
  const reference = `${host}/demo/base:v1`;
  const there = await setup.build({ Dockerfile: dockerfile(reference) }, { frontends });
  // BuildKit runs it, and this one is no frontend.
  const isRun = /^BuildKit /m.test(there.log);
  expect(there.result).toMatchObject({ outcome: isRun ? 'failed' : 'built', bases: [baseOf(reference)] });
  const gone = await setup.build({ Dockerfile: dockerfile(`${host}/demo/none`) }, { frontends });
  expect(gone.result).toMatchObject(isRun ? { error: 'BaseNotFoundError' } : { outcome: 'built', bases: [] });
});

test('a frontend that nobody allowed is refused, and says what to write instead', async () => {
  const { result } = await setup.build({ Dockerfile: '# syntax=evil/frontend:1\nFROM scratch\nCOPY Dockerfile /\n' });
  expect(result).toMatchObject({
    error: 'DockerfileInvalidError',
    message:
      'The Dockerfile asks for the frontend evil/frontend:1 in its line "# syntax=", which would run with the rights of the builder and is not allowed here. Write "# syntax=docker/dockerfile:1" or take the line away, and push again; or have "frontends" in the policy.yml of the index name it.',
  });
  const odd = await setup.build({ Dockerfile: '# syntax=Not/An:Image:\nFROM scratch\nCOPY Dockerfile /\n' });
  expect(odd.result).toMatchObject({ error: 'DockerfileInvalidError', message: expect.stringContaining('# syntax=') });
});

test('a base is pinned however the Dockerfile writes it; one with a tag and a digest is known by its tag, and used by its digest', async () => {
  const { digest } = baseOf('');
  const reference = `demo/base:v1@${digest}`;
  const { result, log } = await setup.build({
    Dockerfile: [
      'ARG T=v1.2',
      'FROM demo/base:"${T%.*}" AS quoted',
      `FROM ${reference} AS pinned`,
      'FROM "demo/base:v1"',
      'COPY --from=quoted /bin/busybox /one',
      'COPY --from=pinned /bin/busybox /two',
      'RUN ["/bin/busybox", "echo", "cat <<EOF"]',
      '',
    ].join('\n'),
  });
  expect(log).toContain('<<EOF');
  expect(log).toContain(`${reference} is ${setup.registry.host}/demo/base@${digest}`);
  expect(result).toMatchObject({ outcome: 'built', bases: [baseOf('demo/base:v1'), baseOf(reference)] });
});

test('BuildKit’s image is opened for the build where it is in this pipeline’s registry', async () => {
  const registry = await startFakeRegistry();
  const url = registry.url.replace('http:', 'https:');
  await using own = new BuilderSetup(registry, await startFakeGitHost(), await startFakeAws({ url, password }));
  const docker = `#!/bin/sh
[ "$2" = inspect ] && printf 'Driver: docker\\nStatus: running\\nBuildKit version: v0.20.0\\n'
`;
  writeFileSync(join(own.home, 'docker'), docker, { mode: 0o755 });
  own.environment = {
    PATH: `${own.home}:${process.env.PATH}`,
    BUILDKIT_IMAGE: `${registry.host}/tools/buildkit@sha256:${'0'.repeat(64)}`,
  };
  await own.build({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  expect(own.aws.questions.at(-1)?.bases).toContain('tools/buildkit');
});
