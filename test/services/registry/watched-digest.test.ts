import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createPublicFetch } from '../../../services/http/public-fetch.ts';
import { outsideRegistry, type Registry, RegistryBusyError } from '../../../services/registry/registry-client.ts';
import { createDigestLookup } from '../../../services/registry/watched-digest.ts';
import { type FakeHost, startHost } from '../http.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const index = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] });
const hostOf = ({ url }: { url: string }) => new URL(url).host;
const look = (server: { url: string }, over: Partial<Registry> = {}) =>
  createDigestLookup(createPublicFetch({ privateHosts: ['127.0.0.1'] }), {
    ...outsideRegistry(hostOf(server)),
    ...over,
  });
const lines = ({ requests }: FakeHost) => requests.map(({ method, path }) => `${method} ${path}`);

/** A registry that wants tokens of a repository, each for one use of a minute, as Docker Hub does. */
async function startTokenRegistry({ realm, offers = [] }: { realm?: string; offers?: string[] } = {}) {
  let tokens = 0;
  const valid = new Set<string>();
  const server: FakeHost = await startHost(({ path, headers }, response) => {
    const url = new URL(path, 'http://registry');
    if (url.pathname === '/token') {
      tokens += 1;
      const scope = url.searchParams.get('scope') ?? '';
      valid.add(`Bearer ${tokens} ${scope}`);
      response.end(JSON.stringify({ token: `${tokens} ${scope}` }));
      return;
    }
    const scope = `repository:${/^\/v2\/(.*)\/manifests\//.exec(url.pathname)?.[1]}:pull`;
    const { authorization = '' } = headers;
    if (valid.has(authorization) && authorization.endsWith(scope)) {
      response.writeHead(200, { 'docker-content-digest': digest }).end();
      return;
    }
    const place = realm ?? `http://${headers.host}/token`;
    const bearer = `Bearer realm="${place}",service="a b"`;
    response.writeHead(401, { 'www-authenticate': [...offers, bearer] }).end();
  });
  return Object.assign(server, { expire: () => valid.clear() });
}

describe('a token', () => {
  it('is requested once for each repository, and where tokens are to be had once for all', async () => {
    await using server = await startTokenRegistry();
    const registry = look(server);
    for (const [repository, tag] of [
      ['library/debian', '12'],
      ['library/debian', '13'],
      ['tools/go', '1'],
    ] as const)
      expect(await registry.digestOf(repository, tag)).toBe(digest);
    const scope = (name: string) => `GET /token?service=a+b&scope=repository%3A${encodeURIComponent(name)}%3Apull`;
    expect(lines(server)).toEqual([
      'HEAD /v2/library/debian/manifests/12',
      scope('library/debian'),
      'HEAD /v2/library/debian/manifests/12',
      'HEAD /v2/library/debian/manifests/13',
      scope('tools/go'),
      'HEAD /v2/tools/go/manifests/1',
    ]);
  });

  it('is requested where the registry offers other ways to sign in before it, as Artifactory does', async () => {
    await using server = await startTokenRegistry({ offers: ['Basic realm="Artifactory Realm"', 'Negotiate'] });
    expect(await look(server).digestOf('tools/go', '1')).toBe(digest);
  });

  it('is requested where a challenge before it tells of an error alone', async () => {
    await using server = await startTokenRegistry({ offers: ['Bearer error="invalid_token"'] });
    expect(await look(server).digestOf('tools/go', '1')).toBe(digest);
  });

  it('that is too old by now is requested again', async () => {
    await using server = await startTokenRegistry();
    const registry = look(server);
    await registry.digestOf('tools/go', '1');
    server.expire();
    expect(await registry.digestOf('tools/go', '2')).toBe(digest);
  });

  it.each(['http://169.254.169.254/token', 'file:///etc/passwd', 'http://127.0.0.1:1/token', 'nonsense'])(
    'gets no request for at %s',
    async (realm) => {
      await using server = await startTokenRegistry({ realm });
      await expect(look(server).digestOf('tools/go', '1')).rejects.toThrow('not a safe address');
      expect(server.requests).toHaveLength(1);
    },
  );

  it('gets no request for with credentials in the address, and not in a private network', async () => {
    for (const [realm, reason] of [
      ['https://user:secret@auth.example/token', 'not a safe address'],
      ['https://10.0.0.1/token', 'private address'],
    ] as const) {
      await using server = await startTokenRegistry({ realm });
      await expect(look(server).digestOf('tools/go', '1')).rejects.toThrow(reason);
    }
  });

  it('is not had with our credentials from another host than the registry', async () => {
    await using elsewhere = await startHost((_, response) => response.end(JSON.stringify({ access_token: 'x' })));
    await using server = await startTokenRegistry({ realm: `https://${hostOf(elsewhere)}/token` });
    await look(server, { credentials: { user: 'AWS', password: 'secret' } })
      .digestOf('tools/go', '1')
      .catch(() => undefined);
    expect(elsewhere.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe('the digest', () => {
  const answering = (head: (response: ServerResponse) => void, body = index) =>
    startHost(({ method }, response) => (method === 'HEAD' ? head(response) : void response.end(body)));
  const hashed = `sha256:${createHash('sha256').update(index).digest('hex')}`;

  it('is that of the list, for an image of several platforms: every form is accepted', async () => {
    await using server = await startHost((_, response) =>
      response.writeHead(200, { 'docker-content-digest': digest }).end(),
    );
    expect(await look(server).digestOf('tools/go', '1')).toBe(digest);
    const accept = server.requests[0]?.headers.accept;
    for (const type of [
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.docker.distribution.manifest.v2+json',
    ])
      expect(accept).toContain(type);
  });

  it.each([
    ['says none', (response: ServerResponse) => response.writeHead(200).end()],
    ['says nonsense', (response: ServerResponse) => response.writeHead(200, { 'docker-content-digest': '../x' }).end()],
    ['knows no HEAD', (response: ServerResponse) => response.writeHead(405).end()],
  ])('is made from the manifest where the registry %s', async (_, head) => {
    await using server = await answering((response) => void head(response));
    expect(await look(server).digestOf('tools/go', '1')).toBe(hashed);
  });

  it('is not made from a page that some site answers with', async () => {
    await using server = await answering((response) => void response.writeHead(200).end(), '<html></html>');
    await expect(look(server).digestOf('tools/go', '1')).rejects.toThrow('not a manifest');
  });

  it('is not read from a manifest without end', async () => {
    await using server = await answering((response) => void response.writeHead(200).end(), 'x'.repeat(5 * 1024 * 1024));
    await expect(look(server).digestOf('tools/go', '1')).rejects.toThrow('larger than');
  });

  it('is found where the registry sends one on, without the credentials for it', async () => {
    await using place = await startHost((_, response) =>
      response.writeHead(200, { 'docker-content-digest': digest }).end(),
    );
    await using server = await startHost(({ path }, response) =>
      response.writeHead(307, { location: `${place.url}${path}` }).end(),
    );
    const registry = look(server, { credentials: { user: 'AWS', password: 'secret' } });
    expect(await registry.digestOf('tools/go', '1')).toBe(digest);
    expect(server.requests[0]?.headers.authorization).toBeDefined();
    expect(place.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each([401, 403, 404])('is not there where a stranger is answered %i', async (status) => {
    await using server = await startHost((_, response) => response.writeHead(status).end());
    expect(await look(server).digestOf('tools/go', '1')).toBeUndefined();
  });

  it('is not gone where our own credentials are refused', async () => {
    await using server = await startHost((_, response) => response.writeHead(403).end());
    const registry = look(server, { credentials: { user: 'AWS', password: 'secret' } });
    await expect(registry.digestOf('tools/go', '1')).rejects.toThrow(
      'does not accept the credentials that this pipeline has for it (403)',
    );
  });
});

it.each([
  ['some seconds', () => '600', 600],
  ['a date', () => new Date(Date.now() + 600_000).toUTCString(), 600],
  ['a Unix time', () => String(Math.floor(Date.now() / 1000) + 600), 600],
  ['a week', () => '999999', 6 * 3600],
])('a registry that was asked too often is believed when it says %s', async (_what, header, seconds) => {
  const before = Date.now();
  await using server = await startHost((_, response) => response.writeHead(429, { 'retry-after': header() }).end());
  const error = await look(server)
    .digestOf('tools/go', '1')
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RegistryBusyError);
  const until = Date.parse((error as RegistryBusyError).until ?? '');
  // A date has no milliseconds.
  expect(until).toBeGreaterThan(before + (seconds - 1) * 1000);
  expect(until).toBeLessThanOrEqual(Date.now() + seconds * 1000);
});
