import { createHash } from 'node:crypto';
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { startHost } from '../../services/http.ts';
import { BuilderSetup } from '../builder-setup.ts';
import { Images } from '../images.ts';

/** Nobody vouches for what these builds run. */
const untrusted = { TRUST_BUILDS: '' };
let setup: BuilderSetup;
let startsContainers: boolean;

beforeAll(async () => {
  setup = await BuilderSetup.open();
  setup.release('demo/base');
  await using images = await Images.open();
  startsContainers = images.engine.confinement.isConfined;
});
beforeEach(() => {
  setup.environment = {};
});
afterAll(() => setup[Symbol.asyncDispose]());

test('without containers a build is refused, unless whoever runs the builder trusts it', async () => {
  const files = { Dockerfile: 'FROM demo/base:v1\nRUN mkdir /in; chroot /in true; echo "chroot ended with $?"\n' };
  setup.environment = { ...untrusted, BUILDAH_ISOLATION: 'chroot' };
  const refused = await setup.build(files);
  if (refused.log.includes('BuildKit')) return;
  expect(refused.result).toMatchObject({
    error: 'BuildNotConfinedError',
    message: expect.stringMatching(
      /can start no container on this machine.*--trust-builds if all projects are trusted/,
    ),
  });
  expect(refused.log).not.toContain('chroot ended');
  // Code in an image that is never started as an instruction counts too: scanners and tests run it.
  expect((await setup.build({ Dockerfile: 'FROM demo/base:v1\n' })).result).toMatchObject({ outcome: 'failed' });

  setup.environment = { BUILDAH_ISOLATION: 'chroot' };
  const trusted = await setup.build(files);
  expect(trusted.result.outcome).toBe('built');
  expect(trusted.log).toContain('commands of the build run in nothing but chroot, with the rights of root');
  // Whoever may call chroot leaves one.
  expect(trusted.log).toMatch(/Operation not permitted\nchroot ended with 1$/m);
});

test('a RUN is in a container: no process, file or network of this machine is its own', async (context) => {
  context.skip(!startsContainers, 'This machine can start no containers.');
  setup.environment = untrusted;
  const secret = join(setup.home, 'secret');
  writeFileSync(secret, "of the machine's owner");
  const { result, log, printed } = await setup.build({
    Dockerfile: [
      'FROM demo/base:v1',
      'RUN echo "network $(readlink /proc/self/ns/net)"',
      // The first process is the instruction itself, and its root is the image's.
      `RUN echo "first $(tr "\\0" " " < /proc/1/cmdline | cut -c1-7)"; ls ${secret} /proc/1/root${secret} || echo "not there"`,
      '',
    ].join('\n'),
  });
  expect(result.outcome).toBe('built');
  expect(log).toMatch(/commands of the build run in containers (?:with|of) /);
  expect(printed).toMatch(/^first \/bin\/sh$/m);
  expect(printed).toMatch(/^not there$/m);
  if (log.includes('a network of their own')) expect(log).not.toContain(readlinkSync('/proc/self/ns/net'));
});

test.each([
  ['another image', 'RUN --mount=type=bind,from=demo/base:v1,source=/bin,target=/b ls /b'],
  ['a cache by a path', 'RUN --mount=type=cache,id=../../../../etc,target=/b ls /b'],
  ['a link in the context', 'RUN --mount=type=bind,source=link,target=/b ls /b'],
  ['a path through a link in the context', 'RUN --mount=type=bind,source=folder/host/etc,target=/b ls /b'],
])('an engine with known faults does not mount %s, if nobody vouches for it', async (_, instruction) => {
  if (!startsContainers) return;
  setup.environment = untrusted;
  const { result, log } = await setup.build({
    Dockerfile: `FROM demo/base:v1\n${instruction}\n`,
    link: { link: '/etc' },
    'folder/host': { link: '/' },
  });
  if (!/buildah 1\.(?:[0-2]|3[0-8])|podman (?:[0-4]|5\.[0-3])\b/.test(log)) return;
  expect(result).toMatchObject({
    error: 'DockerfileInvalidError',
    message: expect.stringContaining('is not built by'),
  });
  expect(log).not.toContain('passwd');
});

test('an engine that takes the text of a here-document for instructions does not get one', async () => {
  const { result, log } = await setup.build({
    Dockerfile: 'FROM demo/base:v1\nRUN <<EOF\nRUN --mount=type=cache,id=../../../../etc,target=/b ls /b\nEOF\n',
  });
  if (!/buildah 1\.(?:[0-2]|3[0-2])|podman (?:[0-3]|4\.[0-7])\b/.test(log)) return;
  expect(result).toMatchObject({ error: 'DockerfileFailedError', message: expect.stringContaining('here-documents') });
  expect(log).not.toContain('passwd');
});

test('a mount that a base image brings counts as if it stood in the Dockerfile', async (context) => {
  context.skip(!startsContainers, 'This machine can start no containers.');
  setup.environment = untrusted;
  basedOn('demo/onbuild', ['RUN --mount=type=cache,id=../../../../etc,target=/b ls /b']);
  const { result, log } = await setup.build({ Dockerfile: 'FROM demo/onbuild:v1\n' });
  expect(log).not.toContain('passwd');
  // It takes the name for no path.
  if (log.includes('BuildKit')) return;
  expect(result).toMatchObject({
    error: 'DockerfileInvalidError',
    message: expect.stringContaining('RUN --mount=type=cache,id=../'),
  });
});

test('nothing is fetched with the network of this machine, also not for a base image, if nobody vouches for it', async () => {
  await using host = await startHost((_, response) => response.end('of this machine'));
  basedOn('demo/adding', [`ADD ${host.url}/x /x`]);
  setup.environment = untrusted;
  for (const Dockerfile of [`FROM demo/base:v1\nARG A=${host.url}\nADD $A/x /x\n`, 'FROM demo/adding:v1\n']) {
    const { result, log } = await setup.build({ Dockerfile });
    // It fetches over a network of its own, which has another loopback.
    if (/BuildKit .*docker-container/.test(log) && !log.includes("with this machine's network")) return;
    expect(result).toMatchObject({
      error: 'DockerfileInvalidError',
      message: expect.stringMatching(/^ADD .* is not built by/),
    });
    expect(host.requests).toEqual([]);
    // It does not say what a base image brings.
    if (log.includes('BuildKit')) return;
  }
});

test('no engine puts other files of this machine into a Dockerfile', async () => {
  const secret = join(setup.home, 'included');
  writeFileSync(secret, "RUN echo of the machine's owner\n");
  const { result, log } = await setup.build({
    'evil.in': `FROM demo/base:v1\n#include "${secret}"\n`,
    Dockerfile: { link: 'evil.in' },
  });
  expect(log).not.toContain("of the machine's owner");
  if (log.includes('BuildKit')) return;
  expect(result).toMatchObject({ error: 'DockerfileInvalidError', message: expect.stringContaining('"evil.in"') });
});

test('an instruction that the engine alone would find is not built', async () => {
  const { result, log } = await setup.build({
    Dockerfile: '# syntax=docker/dockerfile:1\n# escape=`\nFROM demo/base:v1\nLABEL a=b `\nRUN echo "found $((6*7))"\n',
  });
  expect(log).not.toContain('found 42');
  if (log.includes('BuildKit')) return;
  expect(result).toMatchObject({ error: 'DockerfileInvalidError', message: expect.stringContaining('Line 2 has') });
});

test('a right of the machine is refused by name', async () => {
  const { result } = await setup.build({ Dockerfile: 'FROM demo/base:v1\nRUN --network=host true\n' });
  expect(result).toMatchObject({
    error: 'DockerfileInvalidError',
    message:
      'RUN --network=host asks for a right of the machine, which no build has. Take the option away, and push again.',
  });
});

/** The step's text is the same whatever the file says. */
const mounting =
  'FROM demo/base:v1\nRUN --mount=type=bind,source=made,target=/made cp /made /kept && echo "kept $(cat /kept)"\n';

test('what a mounted file made is used neither by another project nor by another commit', async () => {
  const other = { project: 'evil/app:latest', candidate: 'candidate/evil/app' };
  expect((await setup.build({ Dockerfile: mounting, made: 'evil' }, other)).log).toContain('kept evil');
  expect((await setup.build({ Dockerfile: mounting, made: 'first' })).printed).toMatch(/^kept first$/m);
  expect((await setup.build({ Dockerfile: mounting, made: 'second' })).printed).toMatch(/^kept second$/m);
});

test('a mount that a base image brings is not cached either', async () => {
  basedOn('demo/mounting', [
    'RUN --mount=type=bind,source=made,target=/made cp /made /kept && echo "kept $(cat /kept)"',
  ]);
  const Dockerfile = 'FROM demo/mounting:v1\n';
  expect((await setup.build({ Dockerfile, made: 'first' })).printed).toMatch(/^kept first$/m);
  expect((await setup.build({ Dockerfile, made: 'second' })).printed).toMatch(/^kept second$/m);
});

test('steps come from the cache of no other project', async () => {
  const files = { Dockerfile: 'FROM demo/base:v1\nRUN echo "made anew" && touch /made\n' };
  expect((await setup.build(files)).printed).toMatch(/^made anew$/m);
  const theirs = await setup.build(files, { project: 'evil/app:latest', candidate: 'candidate/evil/app' });
  // BuildKit has one cache, and knows a step by all that goes into it.
  if (!theirs.log.includes('BuildKit')) expect(theirs.printed).toMatch(/^made anew$/m);
});

const described = z.looseObject({ digest: z.string(), mediaType: z.string() });
const manifestSchema = z.looseObject({ config: described, layers: z.array(described) });
const configurationSchema = z.looseObject({ config: z.looseObject({}).optional() });

/** Puts demo/base into the registry with instructions for those that are based on it, which only Docker's format has. */
function basedOn(repository: string, instructions: string[]): void {
  const { registry } = setup;
  const { config, layers } = manifestSchema.parse(registry.manifest('demo/base', 'v1')?.body);
  const own = configurationSchema.parse(registry.blob(config.digest));
  const blob = Buffer.from(JSON.stringify({ ...own, config: { ...own.config, OnBuild: instructions } }));
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
  const docker = 'application/vnd.docker';
  const manifest = {
    schemaVersion: 2,
    mediaType: `${docker}.distribution.manifest.v2+json`,
    config: { mediaType: `${docker}.container.image.v1+json`, size: blob.length, digest },
    layers: layers.map((layer) => ({ ...layer, mediaType: `${docker}.image.rootfs.diff.tar.gzip` })),
  };
  registry.put(repository, 'v1', manifest, [blob]);
}
