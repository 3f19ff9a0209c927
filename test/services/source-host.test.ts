import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../core/errors.ts';
import { createPublicFetch } from '../../services/public-fetch.ts';
import { createSourceHost } from '../../services/source-host.ts';
import { startSmallGitHost } from '../builder/small-git-host.ts';
import { startHost } from './http.ts';

const fetchHere = createPublicFetch({ privateHosts: ['localhost', '127.0.0.1'] });
const { headOf } = createSourceHost(fetchHere);
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

describe('the head of a branch', () => {
  it('is what git itself serves', async () => {
    await using host = await startSmallGitHost();
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

describe('a host that is no git host is an error that names it', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['a page', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    [
      'refs without their type',
      (response) => void response.writeHead(200).end(advertisement(`${commit} refs/heads/main`)),
    ],
    ['trouble of its own', (response) => void response.writeHead(500).end()],
    [
      'lines of another form',
      (response) => void response.writeHead(200, { 'content-type': type }).end('zzzzwhat is this'),
    ],
  ])('%s', async (_, answer) => {
    await expect(ask(answer)).rejects.toThrow(UpstreamError);
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
