import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { HostBusyError, UpstreamError } from '../../../core/model/errors.ts';
import { createSourceHost } from '../../../services/git-host/git-remote.ts';
import { createPublicFetch } from '../../../services/http/public-fetch.ts';
import { startFakeGitHost } from '../../builder/fake-git-host.ts';
import { startHost } from '../http.ts';

const fetchHere = createPublicFetch({ privateHosts: ['localhost', '127.0.0.1'] });
const { commitsAt, headOf } = createSourceHost(fetchHere);
const commit = 'a'.repeat(40);
const line = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text;
const advertisement = (...refs: string[]) =>
  `${line('# service=git-upload-pack\n')}0000${refs.map((ref) => line(ref)).join('')}0000`;
const type = 'application/x-git-upload-pack-advertisement';

async function ask(answer: (response: ServerResponse) => void, branch = 'main') {
  await using host = await startHost((_, response) => answer(response));
  return await headOf(`${host.url}/demo/app.git`, branch);
}
const askRefs = (body: string, branch?: string) =>
  ask((response) => void response.writeHead(200, { 'content-type': type }).end(body), branch);

it('of several refs the host names the commits, also of annotated tags, and nothing that was not asked for', async () => {
  await using host = await startFakeGitHost();
  const main = host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
  host.git('demo/app', 'tag', '--annotate', '--message', 'release', 'v1.0.0', main);
  host.git('demo/app', 'tag', 'v1.0.0-rc.1', main);
  const refs = ['refs/heads/main', 'refs/tags/v1.0.0', 'refs/tags/v2.0.0'];
  expect(await commitsAt(`${host.url}/demo/app.git`, refs)).toEqual(
    new Map([
      ['refs/heads/main', main],
      ['refs/tags/v1.0.0', main],
    ]),
  );
  expect(await commitsAt(`${host.url}/demo/gone.git`, refs)).toEqual(new Map());
});

describe('the head of a branch', () => {
  it('is what git itself serves', async () => {
    await using host = await startFakeGitHost();
    const main = host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    const next = host.commit('demo/app', { Dockerfile: 'FROM debian\n' }, 'release/next');
    host.git('demo/app', 'tag', 'main-tag');
    expect(await headOf(`${host.url}/demo/app.git`, 'main')).toBe(main);
    expect(await headOf(`${host.url}/demo/app.git/`, 'release/next')).toBe(next);
    expect(await headOf(`${host.url}/demo/app.git`, 'main-tag')).toBeUndefined();
    expect(await headOf(`${host.url}/demo/app.git`, 'mai')).toBeUndefined();
  });

  it('is found beside the capabilities of the first line, and with longer names of commits', async () => {
    const first = `${commit} refs/heads/main\0multi_ack symref=HEAD:refs/heads/main agent=git/2\n`;
    expect(await askRefs(advertisement(first))).toBe(commit);
    const sha256 = 'b'.repeat(64);
    expect(await askRefs(advertisement(first, `${sha256} refs/heads/next\n`), 'next')).toBe(sha256);
  });

  it.each([401, 403, 404])('is nothing when the host says %i', async (status) => {
    expect(await ask((response) => void response.writeHead(status).end())).toBeUndefined();
  });

  it('is nothing in an empty repository', async () => {
    expect(await askRefs(advertisement(`${'0'.repeat(40)} capabilities^{}\0agent=git/2\n`))).toBeUndefined();
  });
});

describe('many refs', () => {
  const commitAt = (digit: number) => String(digit).repeat(40);

  it('are not sent where the host speaks version 2: only those that were asked for are', async () => {
    await using host = await startFakeGitHost();
    const main = host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    const refs = Array.from({ length: 5000 }, (_, at) => `create refs/pull/${at}/head ${main}\n`).join('');
    host.update('demo/app', refs);
    host.git('demo/app', 'tag', '--annotate', '--message', 'one', 'v1.0.0');
    host.git('demo/app', 'tag', 'v1.0.1');
    const { refsOf } = createSourceHost(fetchHere);
    const bytes: number[] = [];
    const counting = createSourceHost(async (url, request) => {
      const response = await fetchHere(url, request);
      async function* body() {
        for await (const chunk of response.body) {
          bytes.push(chunk.length);
          yield chunk;
        }
      }
      return { ...response, body: body() };
    });
    const question = { prefixes: ['refs/heads/main', 'refs/tags/v'] };
    const answer = await counting.refsOf(`${host.url}/demo/app.git`, question);
    expect(answer).toEqual({
      kind: 'refs',
      memory: {},
      refs: new Map([
        ['refs/heads/main', main],
        ['refs/tags/v1.0.0', main],
        ['refs/tags/v1.0.1', main],
      ]),
    });
    expect(bytes.reduce((sum, length) => sum + length)).toBeLessThan(2000);
    host.speaksOldProtocol = true;
    expect(await refsOf(`${host.url}/demo/app.git`, question)).toEqual(answer);
  });

  it('are requested at once where the host is known to speak version 2, and again where that fails', async () => {
    await using host = await startFakeGitHost();
    host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    host.init('demo/sha256', '--object-format=sha256');
    const named = host.commit('demo/sha256', { Dockerfile: 'FROM scratch\n' });
    const asked: string[] = [];
    const { refsOf } = createSourceHost((url, request) => {
      asked.push(`${request?.method ?? 'GET'} ${new URL(url).pathname}`);
      return fetchHere(url, request);
    });
    const question = { prefixes: ['refs/heads/'] };
    await refsOf(`${host.url}/demo/app.git`, question);
    expect(asked.splice(0)).toEqual(['GET /demo/app.git/info/refs', 'POST /demo/app.git/git-upload-pack']);
    await refsOf(`${host.url}/demo/app.git`, question);
    expect(asked.splice(0)).toEqual(['POST /demo/app.git/git-upload-pack']);
    // A repository with longer names is asked in its own words from then on.
    const answer = await refsOf(`${host.url}/demo/sha256.git`, question);
    expect(asked.splice(0)).toHaveLength(3);
    expect(answer).toMatchObject({ memory: { objectFormat: 'sha256' }, refs: new Map([['refs/heads/main', named]]) });
    expect(named).toHaveLength(64);
    const { memory } = answer as { memory: object };
    expect(await refsOf(`${host.url}/demo/sha256.git`, { ...question, memory })).toEqual(answer);
    expect(asked).toEqual(['POST /demo/sha256.git/git-upload-pack']);
  });

  it('are followed to where the repository has moved, and asked for there the next time, too', async () => {
    await using host = await startFakeGitHost();
    const main = host.commit('demo/new', { Dockerfile: 'FROM scratch\n' });
    host.commit('demo/other', { Dockerfile: 'FROM scratch\n' });
    await using gate = await startHost(({ path, method }, response) => {
      if (method === 'GET' && path.startsWith('/demo/old')) {
        return response.writeHead(301, { location: `${host.url}${path.replace('/old', '/new')}` }).end();
      }
      response.writeHead(404).end();
    });
    const { refsOf } = createSourceHost(fetchHere);
    const question = { prefixes: ['refs/heads/main'] };
    const answer = await refsOf(`${gate.url}/demo/old.git`, question);
    const movedTo = `${host.url}/demo/new.git`;
    expect(answer).toMatchObject({ refs: new Map([['refs/heads/main', main]]), memory: { asksFirst: true }, movedTo });
    const { memory } = answer as { memory: object };
    expect(await refsOf(`${gate.url}/demo/old.git`, { ...question, memory })).toEqual(answer);
  });

  it('have not moved if the host redirects to another spelling of the same address', async () => {
    await using host = await startFakeGitHost();
    host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    // The host has two names.
    const here = host.url.replace('localhost', '127.0.0.1');
    const { refsOf } = createSourceHost((url, request) => {
      const { href } = new URL(String(url));
      return fetchHere(href.startsWith(here) ? href.replace(here, host.url) : href, request);
    });
    const answer = await refsOf(`${here}/demo/app.git`, { prefixes: ['refs/heads/main'] });
    expect(answer).toMatchObject({ kind: 'refs', memory: { asksFirst: true } });
    expect(answer).toHaveProperty('movedTo', undefined);
  });

  it('that are too many to be versions of anything are refused', async () => {
    const tags = Array.from({ length: 50_001 }, (_, at) => `${commitAt(1)} refs/tags/v1.0.${at}\n`);
    await using host = await startHost((_, response) => {
      response.writeHead(200, { 'content-type': type }).end(advertisement(...tags));
    });
    const { refsOf } = createSourceHost(fetchHere);
    const asked = (prefix: string) => refsOf(`${host.url}/demo/app.git`, { prefixes: [prefix] });
    await expect(asked('refs/tags/v')).rejects.toThrow('more than 50000');
    expect(await asked('refs/heads/')).toMatchObject({ refs: new Map() });
  });

  it('that end before their end are no list', async () => {
    const half = `${line('# service=git-upload-pack\n')}0000${line(`${commitAt(1)} refs/heads/main\n`)}`;
    await expect(askRefs(half)).rejects.toThrow('broke off');
    await expect(askRefs(`${half}0050abc`)).rejects.toThrow('broke off');
  });

  it('are a readable error where the host gives one', async () => {
    await expect(askRefs(line('ERR access denied or \u001b[31mnot exported'))).rejects.toThrow(
      'The git host says: access denied or [31mnot exported',
    );
  });
});

describe('a host that is no git host is an error that names it', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['a page', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    [
      'refs without their type',
      (response) => void response.writeHead(200).end(advertisement(`${commit} refs/heads/main`)),
    ],
    ['trouble of its own', (response) => void response.writeHead(500).end()],
    ['plain files', (response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end(commit)],
    [
      'lines of another form',
      (response) => void response.writeHead(200, { 'content-type': type }).end('zzzzwhat is this'),
    ],
  ])('%s', async (_, answer) => {
    await expect(ask(answer)).rejects.toThrow(UpstreamError);
  });

  it('a sign-in says that git has to be let in', async () => {
    const page = (response: ServerResponse) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    await expect(ask(page)).rejects.toThrow(
      'answered with text/html, as the page of a sign-in is. Correct git-url, or have the host let git in.',
    );
  });

  it('a list without an end', async () => {
    const endless = (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': type });
      const chunk = Buffer.from(line(`${commit} refs/heads/${'x'.repeat(60_000)}\n`));
      const more = (): unknown => response.write(chunk) && setImmediate(more);
      response.on('drain', more);
      more();
    };
    await expect(ask(endless)).rejects.toThrow(/larger than/);
  });

  it('nobody there', async () => {
    const host = await startHost(() => undefined);
    await host[Symbol.asyncDispose]();
    await expect(headOf(host.url, 'main')).rejects.toThrow(
      `${new URL(host.url).host} cannot be reached (ECONNREFUSED).`,
    );
  });
});

describe('a host that has had enough', () => {
  it.each([
    [429, () => ({ 'retry-after': '120' }), 120],
    [503, () => ({ 'retry-after': new Date(Date.now() + 120_000).toUTCString() }), 120],
    [502, () => ({}), undefined],
  ])('says so: %i', async (status, headers, seconds) => {
    const before = Date.now();
    const asked = ask((response) => void response.writeHead(status, headers()).end());
    const error = (await asked.catch((refusal: unknown) => refusal)) as HostBusyError;
    expect(error).toBeInstanceOf(HostBusyError);
    const until = error.retryAt && Date.parse(error.retryAt);
    if (seconds === undefined) return expect(until).toBeUndefined();
    // A date has no milliseconds.
    expect(until).toBeGreaterThan(before + (seconds - 1) * 1000);
    expect(until).toBeLessThanOrEqual(Date.now() + seconds * 1000);
  });
});
