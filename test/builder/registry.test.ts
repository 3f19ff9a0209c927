import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ImageConfiguration, readConfiguration } from '../../builder/registry.ts';
import type { Registry } from '../../services/registry/registry-client.ts';
import { lastGuard } from '../limits.ts';
import { type FakeRegistry, startFakeRegistry } from './fake-registry.ts';

const password = 'a-token-of-the-registry';
let small: FakeRegistry;
let registry: Registry;
beforeAll(async () => {
  small = await startFakeRegistry({ password });
  registry = { url: small.url, host: small.host, credentials: { user: 'AWS', password } };
});
afterAll(() => small[Symbol.asyncDispose]());

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Puts an image of that configuration into the registry, and reads it. */
function readBack(configuration: unknown, changes: object = {}): Promise<ImageConfiguration> {
  const bytes = Buffer.from(typeof configuration === 'string' ? configuration : JSON.stringify(configuration));
  const manifest = {
    schemaVersion: 2,
    config: { digest: digestOf(bytes), size: bytes.length },
    layers: [],
    ...changes,
  };
  const digest = small.put('candidate/demo/app', 'a', manifest, [bytes]);
  return readConfiguration(registry, 'candidate/demo/app', digest, lastGuard());
}

test('the labels are those of the configuration in the registry', async () => {
  const { labels } = await readBack({ config: { Labels: { RUN: 'docker run IMAGE', '': 'x' } } });
  expect(labels).toEqual({ RUN: 'docker run IMAGE', '': 'x' });
});

test('the path is the one that its commands have', async () => {
  const { path } = await readBack({ config: { Env: ['A=b', 'PATH=/opt/x=y/bin:/usr/bin', 'NOPATH=/c'] } });
  expect(path).toBe('/opt/x=y/bin:/usr/bin');
});

test.each([{}, { config: null }, { config: {} }, { config: { Labels: null } }])(
  '%j has none',
  async (configuration) => {
    expect(await readBack(configuration)).toEqual({ labels: {}, path: '' });
  },
);

test.each<[string, unknown, object, string]>([
  ['is not JSON', '<html>', {}, 'is not what it should be'],
  ['has labels that are no texts', { config: { Labels: { RUN: 1 } } }, {}, 'is not what it should be'],
  ['is too large', { config: { Labels: { RUN: 'x'.repeat(9 * 2 ** 20) } } }, {}, 'larger than 8388608 bytes'],
  ['is not there', {}, { config: { digest: `sha256:${'0'.repeat(64)}` } }, 'it answered 404 to the blobs'],
  ['is named so that another address is asked', {}, { config: { digest: '../../x' } }, 'is not what it should be'],
])('a configuration that %s is not an image without labels', async (_what, configuration, changes, message) => {
  await expect(readBack(configuration, changes)).rejects.toThrow(message);
});

test('an answer that is something else than was asked for is not believed', async () => {
  const liar = createServer((_request, response) => response.end('{"config":{"digest":"sha256:0"}}')).listen(0);
  const { port } = liar.address() as AddressInfo;
  const answered = readConfiguration(
    { host: `localhost:${port}`, url: `http://localhost:${port}`, credentials: { user: 'AWS', password } },
    'candidate/demo/app',
    `sha256:${'0'.repeat(64)}`,
    lastGuard(),
  );
  await expect(answered).rejects.toThrow('it answered with something else than sha256:0');
  liar.close();
});
