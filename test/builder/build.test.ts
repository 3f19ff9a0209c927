// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of their own

import { readdirSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { BuildResult } from '../../core/model/builder-contract.ts';
import { haveSameContent, type ImageSource } from '../../services/registry/same-content.ts';
import { commandOf, runningCommands } from '../running-commands.ts';
import { BuilderSetup, busybox, password, secretKey } from './builder-setup.ts';
import { startFakeRegistry } from './fake-registry.ts';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
  setup.release('demo/base');
});

afterAll(() => setup[Symbol.asyncDispose]());

/** The images of a setup's registry. */
function imagesOf({ registry }: BuilderSetup): ImageSource {
  const headers = { authorization: `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}` };
  const read = (repository: string, kind: string, digest: string) =>
    fetch(`${registry.url}/v2/${repository}/${kind}/${digest}`, { headers });
  return {
    json: async (...place) => (await read(...place)).json(),
    blob: async (repository, digest) => (await read(repository, 'blobs', digest)).body ?? new ReadableStream(),
  };
}

/** What is in the layers of a candidate. */
async function layersOf(setup: BuilderSetup, digest: string): Promise<string[]> {
  const manifest = z
    .object({ layers: z.array(z.object({ digest: z.string() })) })
    .parse(setup.registry.manifest('candidate/demo/app', digest)?.body);
  return Promise.all(
    manifest.layers.map(async (layer) => {
      const bytes = await buffer(await imagesOf(setup).blob('candidate/demo/app', layer.digest));
      return gunzipSync(bytes).toString('latin1');
    }),
  );
}

function digestOf(result: BuildResult): string {
  if (result.outcome !== 'built') throw new Error(result.message);
  return result.digest;
}

const onBase = (...lines: string[]) => ['FROM demo/base:v1', ...lines, ''].join('\n');

test('a commit becomes a candidate with its labels, pinned bases and the commit’s time', async () => {
  const dockerfile = [
    'ARG BASE=demo/base:v1',
    'FROM ${BASE} AS tools',
    'RUN echo made > /made',
    'FROM demo/base:v1',
    'COPY --from=tools /made /made',
    'COPY --from=demo/base:v1 /bin/sh /sh',
    'RUN --mount=type=bind,from=demo/base:v1,target=/mnt ls /mnt/bin/sh',
    'COPY . /source',
    'RUN ls -a /source',
  ].join('\n');
  const { result, log, printed, code, console } = await setup.build(
    { Dockerfile: dockerfile, 'file.txt': 'text' },
    { labels: { team: 'a=b, c' } },
  );

  expect(code, log).toBe(0);
  const base = setup.registry.manifest('demo/base', 'v1');
  expect(result).toEqual({
    outcome: 'built',
    digest: expect.stringMatching(/^sha256:/),
    commit: expect.any(String),
    committedAt: '2026-01-02T03:04:05.000Z',
    authored: { by: 'Author', subject: 'change' },
    bases: [
      { reference: 'demo/base:v1', image: `${setup.registry.host}/demo/base:v1`, digest: base?.digest, own: true },
    ],
    engine: expect.stringMatching(/^(?:BuildKit|podman|buildah) /),
    cacheUse: { cached: 0, total: 6 },
  });
  if (result.outcome !== 'built') throw new Error('not built');
  const manifest = setup.registry.manifest('candidate/demo/app', result.digest);
  expect(manifest?.body).toMatchObject({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    annotations: {
      'org.opencontainers.image.source': `${setup.git.url}/app.git`,
      'org.opencontainers.image.revision': result.commit,
      'org.opencontainers.image.version': 'latest',
      'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
      'org.opencontainers.image.ref.name': 'main',
      'org.opencontainers.image.base.name': `${setup.registry.host}/demo/base:v1`,
      'org.opencontainers.image.base.digest': base?.digest,
      team: 'a=b, c',
    },
  });
  for (const heading of ['fetch', 'bases', 'build', 'push', 'done'])
    expect(log).toMatch(new RegExp(`^==> ${heading} \\(`, 'm'));
  expect(log).toContain('file.txt');
  expect(printed).not.toMatch(/^\.git$/m);
  expect(console).toBe(log);
});

test('an entry chooses the stage, the values of ARGs and more labels; the same gives the same image again, another value builds its steps again', async () => {
  const dockerfile = [
    'ARG BASE=demo/missing:v1',
    'FROM ${BASE} AS Tools',
    'ARG GREETING=none',
    'RUN echo "greeting: $GREETING"',
    'FROM demo/elsewhere:v1',
  ].join('\n');
  const commit = setup.git.commit('app', { Dockerfile: dockerfile });
  const run = (greeting: string) =>
    setup.run(
      setup.request(commit, {
        target: 'tools',
        buildArgs: { BASE: 'demo/base:v1', GREETING: greeting, OTHER: '1' },
        labels: { 'org.opencontainers.image.vendor': 'Acme', 'org.opencontainers.image.created': 'never' },
      }),
    );
  const [hello, again, bye] = [await run('hello, $(id) "you"'), await run('hello, $(id) "you"'), await run('bye')];
  expect(hello.log).toContain('greeting: hello, $(id) "you"');
  expect(hello.log).toContain('not used, because the Dockerfile has no ARG of that name: OTHER');
  expect(hello.result).toMatchObject({ outcome: 'built', bases: [{ reference: 'demo/base:v1' }] });
  expect(again.printed).not.toMatch(/^greeting: /m);
  expect(again.result).toMatchObject({ digest: digestOf(hello.result), cacheUse: { cached: 1, total: 1 } });
  expect(again.log).toContain('1 of 1 step from the cache');
  expect(bye.log).toContain('greeting: bye');
  const { annotations } = z
    .object({ annotations: z.record(z.string(), z.string()) })
    .parse(setup.registry.manifest('candidate/demo/app', digestOf(hello.result))?.body);
  expect(annotations).toMatchObject({
    'org.opencontainers.image.vendor': 'Acme',
    'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
  });
});

test('a stage that is not there is said before the build, with those that are', async () => {
  const { result } = await setup.build({ Dockerfile: 'FROM demo/base:v1 AS one\nRUN true\n' }, { target: 'two' });
  expect(result).toMatchObject({
    error: 'DockerfileInvalidError',
    message: expect.stringContaining(
      'There is no stage "two" in it, which "target" in the index asks for. Its stages are one.',
    ),
  });
});

test('without the cache every step is done anew and gives the same content, as a build in another place gives the same layers', async () => {
  const dockerfile = `${busybox.dockerfile}RUN cat /proc/sys/kernel/random/uuid && mkdir /made && echo text > /made/file && ln /made/file /made/link && rm /bin/vi\n`;
  const commit = setup.git.commit('app', { Dockerfile: dockerfile, ...busybox.files });
  const source = { url: `${setup.git.url}/app.git`, commit, ref: 'refs/heads/main' };
  await using other = await BuilderSetup.open();
  other.environment = { PRIVATE_HOSTS: JSON.stringify([new URL(setup.git.url).host]) };
  const first = await setup.run(setup.request(commit));
  const anew = await setup.run(setup.request(commit, { noCache: true }));
  const elsewhere = await other.run(other.request(commit, { source }));

  expect(anew.printed).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/m);
  const place = ({ result }: typeof first) => ({ repository: 'candidate/demo/app', digest: digestOf(result) });
  expect(await haveSameContent(imagesOf(setup), place(first), place(anew))).toBe(true);
  const layers = (place: BuilderSetup, { result }: typeof first) =>
    z
      .object({ layers: z.array(z.unknown()) })
      .parse(place.registry.manifest('candidate/demo/app', digestOf(result))?.body).layers;
  // Docker's own store keeps the times of the steps in its layers.
  if (!first.log.includes('containers of Docker')) expect(layers(other, elsewhere)).toEqual(layers(setup, first));
});

test('no secret of the builder can be seen by the build or in its log', async () => {
  const { log, console, result } = await setup.build({
    Dockerfile: onBase(
      'RUN env; cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"; true',
      `RUN echo ${password.slice(0, 8)}"${password.slice(8)}"; echo ${secretKey}`,
    ),
  });
  expect(result.outcome, log).toBe('built');
  for (const secret of [password, secretKey, Buffer.from(`AWS:${password}`).toString('base64')]) {
    expect(console).not.toContain(secret);
    expect(log).not.toContain(secret);
  }
  expect(log).toContain('***');
});

test('a step mounts the secrets of the entry, which get into no log, layer or record, and runs again for another value', async () => {
  const dockerfile = onBase(
    'RUN --mount=type=secret,id=npmrc,target=/n cat /n; base64 /n; wc -c < /n > /length; echo; cat /length',
    'RUN env; ls -A /run/secrets 2> /dev/null; true',
  );
  const commit = setup.git.commit('app', { Dockerfile: dockerfile });
  const buildSecrets = { npmrc: 'npm-token' };
  const values = ['//registry.example/:_authToken=abcdefgh\nalways-auth=true\n', 'another-value-of-the-secret'];
  const built = [];
  for (const value of values) {
    setup.aws.secrets.set('slipway/build-secrets/demo/npm-token', value);
    built.push(await setup.run(setup.request(commit, { buildSecrets })));
  }
  for (const [at, { result, log, printed, console }] of built.entries()) {
    expect(printed).toMatch(new RegExp(`^${values[at]?.length}$`, 'm'));
    const layers = await layersOf(setup, digestOf(result));
    for (const line of values.flatMap((value) => [
      ...value.trim().split('\n'),
      Buffer.from(value).toString('base64'),
    ])) {
      for (const text of [log, console, ...layers, ...setup.aws.objects.values()]) expect(text).not.toContain(line);
    }
  }
  expect(readdirSync(setup.temporary)).toEqual([]);
});

test('a private image is pulled with the login that the build is given, which goes to its registry and is nowhere else', async () => {
  const theirs = 'the-password-of-the-private-registry';
  await using registry = await startFakeRegistry({ password: theirs });
  const part = z.looseObject({ digest: z.string() });
  const base = z
    .looseObject({ layers: z.array(part), config: part })
    .parse(setup.registry.manifest('demo/base', 'v1')?.body);
  const blobs = [base.config, ...base.layers].map(async ({ digest }) =>
    buffer(await imagesOf(setup).blob('demo/base', digest)),
  );
  registry.put('acme/base', 'v1', base, await Promise.all(blobs));
  setup.environment = { PRIVATE_HOSTS: JSON.stringify([registry.host, new URL(setup.git.url).host]) };
  const image = `${registry.host}/acme/base`;
  const build = () =>
    setup.build({ Dockerfile: `FROM ${image}:v1\nRUN env; cat /proc/*/environ 2> /dev/null; true\n` });

  const refused = await build();
  expect(refused.result).toMatchObject({
    error: 'BaseNotFoundError',
    message: expect.stringMatching(/or is not public\..* A private image needs credentials/),
  });
  setup.aws.logins = { [image]: { user: 'AWS', password: 'another-password' } };
  expect((await build()).result).toMatchObject({ error: 'BaseUnavailableError' });
  setup.aws.logins = { [image]: { user: 'AWS', password: theirs } };
  const { result, log, console } = await build();
  setup.aws.logins = {};
  setup.environment = {};
  expect(result, log).toMatchObject({ outcome: 'built', bases: [{ image: `${image}:v1`, own: false }] });
  expect(setup.aws.questions.at(-1)?.images).toEqual([image]);
  for (const text of [log, console, ...(await layersOf(setup, digestOf(result))), ...setup.aws.objects.values()]) {
    for (const secret of [theirs, Buffer.from(`AWS:${theirs}`).toString('base64')]) expect(text).not.toContain(secret);
  }
});

test.each([
  ['that does not exist', {}, { npmrc: 'gone' }, 'BuildSecretError', 'slipway/build-secrets/demo/gone'],
  [
    'that is too short to be kept secret',
    { short: '1234567' },
    { npmrc: 'short' },
    'BuildSecretError',
    'has fewer than 8 characters',
  ],
  [
    'that the Dockerfile requires and the build has not',
    {},
    undefined,
    'DockerfileInvalidError',
    'requires the secret "npmrc"',
  ],
])('a secret %s is said before the build', async (_, values, buildSecrets, error, message) => {
  for (const [name, value] of Object.entries(values))
    setup.aws.secrets.set(`slipway/build-secrets/demo/${name}`, value);
  const { result, log } = await setup.build(
    { Dockerfile: onBase('RUN --mount=type=secret,id=npmrc,required=true cat /run/secrets/npmrc') },
    { buildSecrets },
  );
  expect(result).toMatchObject({ error, message: expect.stringContaining(message) });
  expect(log).not.toContain('==> build');
});

test('a Dockerfile and a context in folders are found from the repository’s root; a process that a RUN leaves behind ends with the build, and sees no process of the machine', async () => {
  const list = 'for each in /proc/[0-9]*; do tr "\\0" " " < $each/cmdline; echo; done';
  // The process has its name only a moment after its start.
  const named = `until { ${list}; } | grep -q "sleep 765[4]"; do true; done`;
  const { result, log, printed } = await setup.build(
    {
      'images/app/Containerfile': onBase('COPY hello /hello', `RUN sleep 7654 & ${named}; ${list}`, 'RUN cat /hello'),
      'content/hello': 'of the context\n',
    },
    { dockerfile: 'images/app/Containerfile', context: 'content' },
  );
  expect(result.outcome, log).toBe('built');
  expect(printed).toMatch(/^of the context$/m);
  await expect.poll(runningCommands).not.toMatch(/^sleep 7654$/m);
  const seen = printed.split('\n').map((line) => line.trim());
  expect(seen).toContain('sleep 7654');
  const own = await commandOf(process.pid);
  expect((await runningCommands()).split('\n')).toContain(own);
  expect(seen).not.toContain(own);
});

test('an instruction that fails is named with its last lines, and with what the build depends on', async () => {
  const { result, code } = await setup.build({ Dockerfile: onBase('RUN echo first; echo the reason >&2; exit 3') });
  expect(code).toBe(1);
  expect(result).toMatchObject({
    outcome: 'failed',
    error: 'DockerfileFailedError',
    bases: [{ reference: 'demo/base:v1', own: true }],
    missingBases: [],
  });
  if (result.outcome !== 'failed') return;
  expect(result.message).toContain('RUN echo first; echo the reason >&2; exit 3');
  expect(result.message).toMatch(/exit (?:status|code:) 3/);
  // Its two outputs have no order among themselves.
  expect(result.message.split('Its last lines:')[1]).toContain('\nthe reason');
});

test('after all of these nothing is left but the layers for the next build', () => {
  expect(readdirSync(setup.temporary)).toEqual([]);
  // Buildah and Podman keep the layers there, BuildKit with itself.
  expect(readdirSync(setup.home).filter((name) => name !== '.cache')).toEqual([]);
});
