import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BaseSearch, resolveBase } from '../../builder/bases.ts';
import {
  BaseLimitedError,
  BaseNotFoundError,
  BaseUnavailableError,
  DockerfileInvalidError,
} from '../../builder/errors.ts';
import { manifestDigest } from '../../builder/registry.ts';
import { outsideRegistry, RegistryUnavailableError } from '../../services/registry/registry-client.ts';
import { type FakeRegistry, startFakeRegistry } from './fake-registry.ts';

const password = 'the-password';
const signal = new AbortController().signal;
const image = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' };

let own: FakeRegistry;
let outside: FakeRegistry;

beforeAll(async () => {
  own = await startFakeRegistry({ password });
  outside = await startFakeRegistry({ bearer: true });
});

afterAll(async () => {
  await own[Symbol.asyncDispose]();
  await outside[Symbol.asyncDispose]();
});

/** The pipeline's registry, where every build may read every release. */
const ownRegistry = () => ({
  url: own.url,
  host: own.host,
  credentials: { user: 'AWS', password },
  open: async (names: Iterable<string>) => new Set(names),
  logins: {},
  withheld: [`${outside.host}/acme/kept`],
});

/** Everything but our own registry is allowed by configuration. */
const loopback = ['localhost', '127.0.0.1'];
const resolve = (
  reference: string,
  repositoryPrefix = '',
  { privateHosts = loopback, pullThrough = {} }: Partial<Pick<BaseSearch, 'privateHosts' | 'pullThrough'>> = {},
) =>
  resolveBase(reference, {
    own: ownRegistry(),
    repositoryPrefix,
    privateHosts,
    pullThrough,
    signal,
  });

test('a project’s release comes before the outside registry, with or without our host', async () => {
  const digest = own.put('demo/base', 'v1', image);
  const expected = { digest, own: true, image: `${own.host}/demo/base:v1`, pinned: `${own.host}/demo/base@${digest}` };
  expect(await resolve('demo/base:v1')).toEqual({ ...expected, reference: 'demo/base:v1' });
  const withHost = `${own.host}/demo/base:v1`;
  expect(await resolve(withHost)).toEqual({ ...expected, reference: withHost });
});

test('a frontend’s name without a registry is not a release: any project may have that name', async () => {
  own.put('docker/dockerfile', '1', image);
  const search = {
    own: ownRegistry(),
    repositoryPrefix: '',
    privateHosts: loopback,
    pullThrough: {},
  };
  const limited = { ...search, prefersOwn: false, signal: AbortSignal.timeout(2000) };
  const found: unknown = await resolveBase('docker/dockerfile:1', limited).catch((error: unknown) => error);
  expect(found).not.toMatchObject({ own: true });
  expect(own.requests.map(({ line }) => line)).not.toContain('HEAD /v2/docker/dockerfile/manifests/1');
});

test('a release stands under the prefix, which its name may have already', async () => {
  const digest = own.put('team/tools/go', 'latest', image);
  expect(await resolve('tools/go', 'team/')).toMatchObject({ digest, image: `${own.host}/team/tools/go:latest` });
  expect(await resolve(`${own.host}/tools/go`, 'team/')).toMatchObject({ digest });
  expect(await resolve(`${own.host}/team/tools/go`, 'team/')).toMatchObject({ digest });
});

test('a candidate is no base: it may yet be blocked', async () => {
  own.put('team/candidate/demo/app', '1a2b', image);
  for (const name of ['candidate/demo/app:1a2b', 'team/candidate/demo/app:1a2b'])
    await expect(resolve(`${own.host}/${name}`, 'team/')).rejects.toThrow(BaseNotFoundError);
});

test('a release can be named by its digest', async () => {
  const digest = own.put('demo/pinned', 'x', image);
  expect(await resolve(`demo/pinned@${digest}`)).toMatchObject({ digest, own: true });
  expect(await resolve(`demo/pinned:gone@${digest}`)).toMatchObject({ digest, own: true });
});

test('an outside registry is queried with a token that it gives to strangers, and never with our credentials', async () => {
  const digest = outside.put('some/image', '1', image);
  const found = await resolve(`${outside.host}/some/image:1`);
  expect(found).toMatchObject({ digest, own: false, pinned: `${outside.host}/some/image@${digest}` });
  const lines = outside.requests.map(({ line, authorized }) => `${line} ${authorized}`);
  expect(lines).toEqual([
    'HEAD /v2/some/image/manifests/1 false',
    'GET /token false',
    'HEAD /v2/some/image/manifests/1 true',
  ]);
});

test('a base that exists nowhere is said to, with what to do', async () => {
  await expect(resolve(`${own.host}/demo/none`)).rejects.toThrow(BaseNotFoundError);
  await expect(resolve(`${outside.host}/some/none`)).rejects.toThrow(BaseNotFoundError);
  await expect(resolve(`${outside.host}/some/none`)).rejects.toThrow(/Correct its name or tag/);
});

test('a registry that does not answer is no proof that the base does not exist', async () => {
  await expect(resolve('localhost:9/some/image')).rejects.toThrow(BaseUnavailableError);
});

/** Answers what the test says, one after the other, and the last for ever. */
async function startRegistryThatSays(answers: [status: number, headers?: Record<string, string>][]) {
  const times: number[] = [];
  const server = createServer((_, response) => {
    const [status, headers] = answers[Math.min(times.push(performance.now()), answers.length) - 1] ?? [500];
    response.writeHead(status, headers).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, times, [Symbol.asyncDispose]: async () => void server.close() };
}

test('a registry that has received too many requests gets the next request when it wants to be', async () => {
  const digest = `sha256:${'d'.repeat(64)}`;
  await using busy = await startRegistryThatSays([
    [429, { 'retry-after': '2' }],
    [200, { 'docker-content-digest': digest }],
  ]);
  expect(await resolve(`${busy.host}/some/image:1`)).toMatchObject({ digest });
  const [first = 0, second = 0] = busy.times;
  expect(second - first).toBeGreaterThanOrEqual(1900);
});

test('a build does not wait for a registry that wants to be left alone for hours, and says until when', async () => {
  await using busy = await startRegistryThatSays([[429, { 'retry-after': '7200' }]]);
  await expect(resolve(`${busy.host}/some/image:1`)).rejects.toThrow(
    /cannot be looked up .* too many requests and takes the next one at \d{4}-/,
  );
  expect(busy.times).toHaveLength(1);
});

test('a registry on a private address is reached only where the configuration has its host, however it is written', async () => {
  outside.put('private/image', '1', image);
  const before = outside.requests.length;
  const { port } = new URL(outside.url);
  for (const host of [
    `localhost:${port}`,
    `127.0.0.1:${port}`,
    `127.1.2.3:${port}`,
    `[::1]:${port}`,
    '10.0.0.1',
    '169.254.169.254',
  ]) {
    const failure = await resolve(`${host}/private/image:1`, '', { privateHosts: [] }).catch((error: unknown) => error);
    expect(failure, host).toBeInstanceOf(BaseUnavailableError);
    expect(String(failure)).toMatch(/private address, which is not fetched/);
  }
  expect(outside.requests.length).toBe(before);
  // Our own needs no entry.
  const digest = own.put('demo/alone', 'v1', image);
  expect(await resolve('demo/alone:v1', '', { privateHosts: [] })).toMatchObject({ digest });
});

test('a registry leads to no private address by a redirect, nor by the server that it names for tokens', async () => {
  outside.put('some/secret', '1', image);
  const inside = `http://localhost:${new URL(outside.url).port}`;
  await using redirecting = await startRegistryThatSays([[307, { location: `${inside}/v2/some/secret/manifests/1` }]]);
  await using naming = await startRegistryThatSays([
    [401, { 'www-authenticate': `Bearer realm="https://localhost:${new URL(outside.url).port}/token",service="x"` }],
  ]);
  const before = outside.requests.length;
  for (const { host } of [redirecting, naming])
    await expect(resolve(`${host}/some/secret:1`, '', { privateHosts: [host] })).rejects.toThrow(
      /private address, which is not fetched/,
    );
  expect(outside.requests.length).toBe(before);
});

test('a base whose registry limits requests is not available at the moment, and nobody is told to correct anything', async () => {
  await using busy = await startRegistryThatSays([[429, { 'retry-after': '7200' }]]);
  const failure = await resolve(`${busy.host}/some/image:1`).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(BaseLimitedError);
  expect(String(failure)).toMatch(/not available at the moment.*Nothing is wrong with the Dockerfile/);
  expect(String(failure)).not.toMatch(/[Cc]orrect/);
});

test('a base that is pulled through the cache of ECR is the one that its own registry names, and keeps its name', async () => {
  const digest = outside.put('library/debian', '12', image);
  const reference = `${outside.host}/library/debian:12`;
  expect(await resolve(reference, '', { pullThrough: { [outside.host]: 'docker-hub' } })).toMatchObject({
    image: reference,
    digest,
    own: false,
    pinned: `${own.host}/docker-hub/library/debian@${digest}`,
  });
  expect(await resolve(reference, '', { pullThrough: { 'quay.io': 'quay' } })).toMatchObject({
    pinned: `${outside.host}/library/debian@${digest}`,
  });
});

test.each([
  ['acme/kept:1', /kept to other app-ids: ask the operators to add this one/],
  ['acme/other:1', /needs credentials, which the operators of this pipeline can store/],
])('a private image says whose word it needs: %s', async (name, word) => {
  const error = await resolve(`${outside.host}/${name}`).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BaseNotFoundError);
  expect(String(error)).toMatch(word);
});

test('credentials of ours that are refused are told, not taken for a missing image', async () => {
  const refused = { url: own.url, host: own.host, credentials: { user: 'AWS', password: 'another' } };
  await expect(manifestDigest(refused, 'demo/base', 'v1', signal)).rejects.toThrow(RegistryUnavailableError);
});

test('a private image whose credentials are no longer accepted says so, and who can put it right', async () => {
  await using kept = await startFakeRegistry({ password });
  kept.put('acme/base', 'v1', image);
  const search = (login: string) => ({
    own: { ...ownRegistry(), logins: { [`${kept.host}/acme/base`]: { user: 'AWS', password: login } } },
    repositoryPrefix: '',
    privateHosts: loopback,
    pullThrough: {},
    signal,
  });
  expect(await resolveBase(`${kept.host}/acme/base:v1`, search(password))).toMatchObject({ own: false });
  const error = await resolveBase(`${kept.host}/acme/base:v1`, search('revoked')).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BaseUnavailableError);
  expect(String(error)).toMatch(/does not accept the credentials .* \(401\)\. Ask the operators to store others/);
});

test('a name that is none is a mistake in the Dockerfile', async () => {
  await expect(resolve('Not/AName')).rejects.toThrow(DockerfileInvalidError);
});

test('hosts are reached as Docker reaches them', () => {
  expect(outsideRegistry('docker.io').url).toBe('https://registry-1.docker.io');
  expect(outsideRegistry('quay.io').url).toBe('https://quay.io');
  expect(outsideRegistry('localhost:5000').url).toBe('http://localhost:5000');
  expect(outsideRegistry('127.0.0.1').url).toBe('http://127.0.0.1');
  expect(outsideRegistry('localhost.example.org').url).toBe('https://localhost.example.org');
});
