import type { LookupAddress, lookup as systemLookup } from 'node:dns';
import http, { type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HostUnreachableError, UpstreamError } from '../../../core/model/errors.ts';
import { addressesOf, createPublicFetch, type PublicRequest } from '../../../services/http/public-fetch.ts';
import { type FakeHost, startHost } from '../http.ts';

/** Speaks HTTP to hosts of https, as a host of a test has no certificate that anybody trusts. */
function withoutTls(): Disposable {
  const { request } = https;
  https.request = ((url: URL, settings: RequestOptions, answered: (response: IncomingMessage) => void) => {
    const plain = new URL(url.href.replace(/^https:/, 'http:'));
    return http.request(plain, { ...settings, agent: undefined }, answered);
  }) as typeof https.request;
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]() {
      https.request = request;
      syncBuiltinESMExports();
    },
  };
}

const privateHosts = ['127.0.0.1'];
const fetchHere = createPublicFetch({ privateHosts });

/** A name service that gives each of its answers once, and the last one for good. */
function nameService(...answers: string[][]) {
  const asked: string[] = [];
  const lookup = (name: string, _: unknown, done: (error: null, found: LookupAddress[]) => void) => {
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    asked.push(name);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { asked, lookup: lookup as unknown as typeof systemLookup };
}

async function ask(answer: (response: ServerResponse, host: FakeHost) => void, request: PublicRequest = {}) {
  const host: FakeHost = await startHost((_, response) => answer(response, host));
  await using _ = host;
  const response = await fetchHere(`${host.url}/`, request);
  return { ...response, read: await response.text(), requests: host.requests };
}

describe('a private address that is allowed', () => {
  it('may be one of IPv6, in the brackets that the configuration asks for', async () => {
    const fetched = createPublicFetch({ privateHosts: ['[::1]'] })('http://[::1]:1/');
    await expect(fetched).rejects.not.toThrow(/private address/);
  });
});

describe('a private address is not fetched', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1:8080/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[fd00:ec2::254]/',
    'https://192.168.0.1/',
  ])('%s', async (url) => {
    await expect(createPublicFetch({ privateHosts: [] })(url)).rejects.toThrow(/private address/);
  });

  it.each(['127.0.0.1', '::1', '::ffff:169.254.169.254', '100.64.0.1'])('behind a name: %s', async (address) => {
    await using host = await startHost((_, response) => response.end('secret'));
    const { lookup } = nameService([address]);
    const fetched = createPublicFetch({ privateHosts: [], lookup })(`http://innocent.test:${new URL(host.url).port}/`);
    await expect(fetched).rejects.toThrow(/innocent\.test:\d+ has a private address/);
    expect(host.requests).toEqual([]);
  });

  it('of a name that is requested once: what was judged is what the connection goes to', async () => {
    await using host = await startHost((_, response) => response.end('ok'));
    const { lookup, asked } = nameService(['127.0.0.1'], ['169.254.169.254']);
    const guarded = createPublicFetch({ privateHosts: ['inside.test'], lookup });
    expect(await (await guarded(`http://inside.test:${new URL(host.url).port}/`)).text()).toBe('ok');
    expect(asked).toEqual(['inside.test']);
    await expect(guarded('http://rebinding.test/')).rejects.toThrow(/private address/);
    expect(asked).toEqual(['inside.test', 'rebinding.test']);
  });

  it('by the redirect of a host that may be fetched', async () => {
    await using metadata = await startHost((_, response) => response.end('secret'));
    const location = `${metadata.url.replace('127.0.0.1', '127.0.0.2')}/latest/meta-data/`;
    await expect(ask((response) => void response.writeHead(302, { location }).end())).rejects.toThrow(
      /private address/,
    );
    expect(metadata.requests).toEqual([]);
  });

  it('over the connection that was made to a host that may be', async () => {
    await using host = await startHost((_, response) => response.end('ok'));
    const { port } = new URL(host.url);
    const { lookup } = nameService(['127.0.0.1']);
    const guarded = createPublicFetch({ privateHosts: ['inside.test'], lookup });
    expect(await (await guarded(`http://inside.test:${port}/`)).text()).toBe('ok');
    await expect(guarded(`http://outside.test:${port}/`)).rejects.toThrow(/private address/);
  });
});

describe('what is not an address of the web is not fetched', () => {
  it.each([
    ['a file', 'file:///etc/passwd', /only http and https/],
    ['ssh', 'ssh://git@git.example/x', /only http and https/],
    ['no address', 'nonsense', /is not an address/],
    ['a user name', 'https://user:secret@git.example/', /has a user name/],
  ])('%s', async (_, url, message) => {
    const error = await fetchHere(url).catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(UpstreamError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('secret');
  });
});

describe('a redirect', () => {
  it('is followed, and the answer says where it came from', async () => {
    const found = await ask((response, host) =>
      host.requests.length === 1
        ? response.writeHead(301, { location: '/there' }).end('gone')
        : response.end('here it is'),
    );
    expect(found).toMatchObject({ status: 200, read: 'here it is' });
    expect(new URL(found.url).pathname).toBe('/there');
  });

  it('is not followed a sixth time', async () => {
    await expect(ask((response) => void response.writeHead(302, { location: '/' }).end())).rejects.toThrow(
      /redirects more than 5 times/,
    );
  });

  it('from https to http is not followed', async () => {
    using _ = withoutTls();
    await using plain: FakeHost = await startHost((_, response) =>
      response.writeHead(302, { location: plain.url }).end(),
    );
    const { port } = new URL(plain.url);
    await expect(fetchHere(`https://127.0.0.1:${port}/`)).rejects.toThrow(
      /redirects from https to http, which is not followed/,
    );
    expect(plain.requests.map(({ path }) => path)).toEqual(['/']);
  });

  it('takes no token to another host', async () => {
    await using other = await startHost((_, response) => response.end());
    await using host = await startHost((_, response) => response.writeHead(307, { location: other.url }).end());
    await fetchHere(host.url, { headers: { Authorization: 'Bearer x', accept: 'text/plain' } });
    expect(host.requests[0]?.headers.authorization).toBe('Bearer x');
    expect(other.requests[0]?.headers).toMatchObject({ accept: 'text/plain' });
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each([
    [303, 'GET', ''],
    [302, 'GET', ''],
    [307, 'POST', 'question'],
  ])('%i of a POST asks by %s', async (status, method, body) => {
    const { requests } = await ask(
      (response, host) =>
        host.requests.length === 1 ? response.writeHead(status, { location: '/next' }).end() : response.end(),
      { method: 'POST', body: 'question', headers: { 'content-type': 'text/plain' } },
    );
    expect(requests[1]).toMatchObject({ method, body, path: '/next' });
    expect(requests[1]?.headers['content-type']).toBe(method === 'POST' ? 'text/plain' : undefined);
  });
});

describe('a host takes no more than it is given', () => {
  it('bytes', async () => {
    const endless = (response: ServerResponse) => {
      const more = (): unknown => response.write('x'.repeat(60_000)) && setImmediate(more);
      response.on('drain', more);
      more();
    };
    await expect(ask(endless, { maximumBytes: 1_000_000 })).rejects.toThrow(/larger than 1000000 bytes/);
  });

  it('time, before its answer', async () => {
    const error = await ask(() => undefined, { timeoutMilliseconds: 50 }).catch((late: unknown) => late);
    expect(error).toBeInstanceOf(HostUnreachableError);
    expect((error as Error).message).toMatch(/^127\.0\.0\.1:\d+ did not answer within 0\.05 s\.$/);
  });

  it('time, in drips', async () => {
    const drips = (response: ServerResponse) => {
      const timer = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(timer));
    };
    await expect(ask(drips, { timeoutMilliseconds: 100 })).rejects.toThrow(/did not answer within/);
  });

  it('headers', async () => {
    const long = (response: ServerResponse) => response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end();
    await expect(ask(long)).rejects.toThrow(/cannot be reached \(HPE_HEADER_OVERFLOW\)/);
  });

  it('half of an answer is no answer', async () => {
    const half = (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    };
    await expect(ask(half)).rejects.toThrow(UpstreamError);
  });

  it('garbage is no answer', async () => {
    const server = createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await expect(fetchHere(`http://127.0.0.1:${port}/`)).rejects.toThrow(UpstreamError);
    await new Promise((resolve) => server.close(resolve));
  });

  it('nobody there', async () => {
    const host = await startHost(() => undefined);
    await host[Symbol.asyncDispose]();
    await expect(fetchHere(host.url)).rejects.toThrow(`${new URL(host.url).host} cannot be reached (ECONNREFUSED).`);
  });
});

describe('a caller', () => {
  it('may stop it', async () => {
    const stop = new AbortController();
    const asked = ask(() => stop.abort(new Error('enough')), { signal: stop.signal });
    await expect(asked).rejects.toThrow('enough');
  });

  it('uses a connection for many questions', async () => {
    const sockets = new Set<unknown>();
    await using host = await startHost((_, response) => {
      sockets.add(response.socket);
      response.writeHead(404, { 'content-length': 4 }).end('none');
    });
    for (let at = 0; at < 5; at++) {
      const response = await fetchHere(host.url, { method: at % 2 === 0 ? 'HEAD' : 'GET' });
      if (at % 2 === 1) response.discard();
      else expect(await response.text()).toBe('');
    }
    expect(host.requests).toHaveLength(5);
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('does not notice connections that were closed while nobody used them', async () => {
    const sockets: Socket[] = [];
    await using host = await startHost((_, response) => {
      if (response.socket) sockets.push(response.socket);
      response.end('ok');
    });
    await Promise.all([1, 2, 3].map(async () => (await fetchHere(host.url)).text()));
    // As a load balancer does it: the answer promised to keep the connection.
    for (const socket of sockets) socket.resetAndDestroy();
    expect(await (await fetchHere(host.url)).text()).toBe('ok');
  });

  it('gets repeated headers as one', async () => {
    const { headers } = await ask((response) =>
      response.writeHead(200, { 'www-authenticate': ['Basic', 'Bearer'] }).end(),
    );
    expect(headers.get('www-authenticate')).toBe('Basic, Bearer');
  });
});

describe('the addresses for a program that connects by itself', () => {
  const found = (answers: Record<string, string[]>) =>
    ((hostname: string, _options: unknown, callback: (...args: unknown[]) => void) =>
      callback(
        null,
        (answers[hostname] ?? []).map((address) => ({ address, family: 4 })),
      )) as never;
  const lookup = found({ 'mixed.test': ['127.0.0.1', '8.8.8.8'], 'inside.test': ['10.0.0.1'] });

  it('are the public ones of a name, and the private ones only of a host that is allowed', async () => {
    expect(await addressesOf(new URL('https://mixed.test/x'), { privateHosts: [], lookup })).toEqual(['8.8.8.8']);
    await expect(addressesOf(new URL('https://inside.test/x'), { privateHosts: [], lookup })).rejects.toThrow(
      /private address/,
    );
    expect(await addressesOf(new URL('https://inside.test/x'), { privateHosts: ['inside.test'], lookup })).toEqual([
      '10.0.0.1',
    ]);
    await expect(addressesOf(new URL('http://[::1]/x'), { privateHosts: [] })).rejects.toThrow(/private address/);
  });
});
