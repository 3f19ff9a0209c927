import { describe, expect, it } from 'vitest';
import { createPublicFetch } from '../../../services/http/public-fetch.ts';
import { createImagePush, type PushMethod } from '../../../services/registry/image-push.ts';
import { createRegistryClient, outsideRegistry } from '../../../services/registry/registry-client.ts';
import { sendToRegistry } from '../../../services/registry/send-to-registry.ts';
import { lastGuard, waitLimit } from '../../limits.ts';
import { sha256 } from '../../local/registry/image-parts.ts';
import { type FakeHost, startHost } from '../http.ts';

const bytes = Buffer.from('a layer');
const blob = { digest: sha256(bytes), size: bytes.length };
const open = async () =>
  (async function* () {
    yield bytes;
  })();

function pushTo({ url }: FakeHost) {
  const limits = { timeoutMilliseconds: waitLimit, signal: lastGuard() };
  const send = sendToRegistry(createPublicFetch({ privateHosts: ['127.0.0.1'] }), limits);
  const credentials = { user: 'bot', password: 'secret' };
  const registry = { ...outsideRegistry(new URL(url).host), credentials, trustsTokenServer: true };
  return createImagePush(createRegistryClient<PushMethod>(send), registry, 'acme/shop');
}

/** A registry that wants a token for every repository by name, and keeps uploads at another host. */
async function startRegistry(storage: string, mounts: number) {
  const host: FakeHost = await startHost(({ method, path, headers }, response) => {
    const url = new URL(path, 'http://registry');
    if (url.pathname === '/token') {
      response.end(JSON.stringify({ token: url.searchParams.getAll('scope').join(' '), expires_in: 300 }));
    } else if (!headers.authorization?.startsWith('Bearer ')) {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` }).end();
    } else if (url.searchParams.has('mount')) {
      response.writeHead(mounts).end();
    } else if (method === 'POST') {
      response.writeHead(202, { location: `${storage}/upload?signature=1` }).end();
    } else response.writeHead(404).end();
  });
  return host;
}

const startStorage = () =>
  startHost(({ method, path }, response) => {
    if (method === 'PATCH') response.writeHead(202, { location: `${path}&part=1` }).end();
    else response.writeHead(201).end();
  });

describe('a layer', () => {
  it('goes to where the registry says, and the token does not', async () => {
    await using storage = await startStorage();
    await using registry = await startRegistry(storage.url, 202);
    await pushTo(registry).putBlob(blob, open);
    expect(storage.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['PATCH', '/upload?signature=1', 'a layer'],
      ['PUT', `/upload?signature=1&part=1&digest=${encodeURIComponent(blob.digest)}`, ''],
    ]);
    expect(storage.requests[0]?.headers).toMatchObject({ 'content-length': '7' });
    expect(storage.requests.some(({ headers }) => 'authorization' in headers)).toBe(false);
  });

  it('is taken from another repository of the registry, with a token that may read that one', async () => {
    await using registry = await startRegistry('http://nowhere', 201);
    await pushTo(registry).putBlob(blob, open, 'acme/base');
    const { path, headers } = registry.requests.at(-1) ?? {};
    expect(path).toBe(`/v2/acme/shop/blobs/uploads/?mount=${encodeURIComponent(blob.digest)}&from=acme%2Fbase`);
    expect(headers?.authorization).toBe('Bearer repository:acme/shop:pull,push repository:acme/base:pull');
  });

  it('is sent where the other repository may not be read', async () => {
    await using storage = await startStorage();
    await using registry = await startRegistry(storage.url, 403);
    await pushTo(registry).putBlob(blob, open, 'acme/base');
    expect(storage.requests[0]?.body).toBe('a layer');
  });

  it('is not finished where its source breaks off', async () => {
    await using storage = await startStorage();
    await using registry = await startRegistry(storage.url, 202);
    const half = async () =>
      (async function* () {
        yield bytes.subarray(0, 3);
        throw new Error('broken off');
      })();
    await expect(pushTo(registry).putBlob(blob, half)).rejects.toThrow();
    expect(storage.requests.some(({ method }) => method === 'PUT')).toBe(false);
  });

  it.each(['ftp://storage/x', ''])('is not sent to what is not an address for it: %j', async (location) => {
    await using registry = await startHost((_, response) => {
      response.writeHead(202, location === '' ? {} : { location }).end();
    });
    await expect(pushTo(registry).putBlob(blob, open)).rejects.toThrow(/no safe address|only http and https/);
  });
});
