import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { verify } from '@octokit/webhooks-methods';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeClone, type PushPayload, startHost, startReceiver, until } from './host.ts';

const secret = "It's a Secret to Everybody";
interface RecordedEvents {
  name: string;
  examples: Record<string, unknown>[];
}

const zeros = '0'.repeat(40);

describe('a push', () => {
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let machine: Awaited<ReturnType<typeof startHost>>;
  let clone: Awaited<ReturnType<typeof makeClone>>;
  let origin: string;
  let number = 0;

  beforeAll(async () => {
    receiver = await startReceiver();
    machine = await startHost({ url: receiver.url, secret });
    await machine.host.start();
  });
  afterAll(async () => {
    await machine.remove();
    await receiver.close();
  });
  beforeEach(async () => {
    clone = await makeClone();
    origin = `${machine.url}/git/ada/app-${++number}.git`;
    receiver.received.length = 0;
    await clone.git('remote', 'add', 'origin', origin);
    return clone.remove;
  });

  async function commit(name: string, content: string | Buffer = name): Promise<string> {
    await writeFile(join(clone.folder, name), content);
    await clone.git('add', '--all');
    await clone.git('commit', '--quiet', '-m', `Change ${name}`);
    return clone.git('rev-parse', 'HEAD');
  }

  async function events(count: number): Promise<PushPayload[]> {
    await until(`${count} events`, () => receiver.received.length >= count);
    return receiver.received.map(({ body }) => JSON.parse(body) as PushPayload);
  }

  test('makes the repository and sends a signed event in the form of GitHub', async () => {
    const id = await commit('Dockerfile', 'FROM scratch\n');
    await clone.git('push', '--quiet', 'origin', 'main');
    const [event] = await events(1);
    const headers = receiver.received[0]?.headers;
    expect(headers).toMatchObject({
      'x-github-event': 'push',
      'x-github-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-github-hook-id': '1',
      'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
      'content-type': 'application/json',
    });
    expect(await verify(secret, receiver.received[0]?.body ?? '', String(headers?.['x-hub-signature-256']))).toBe(true);
    expect(event).toMatchObject({
      ref: 'refs/heads/main',
      before: zeros,
      after: id,
      created: true,
      deleted: false,
      forced: false,
      base_ref: null,
      compare: `${machine.url}/git/ada/app-${number}/commit/${id}`,
      head_commit: {
        id,
        message: 'Change Dockerfile',
        added: ['Dockerfile'],
        removed: [],
        modified: [],
        distinct: true,
      },
      commits: [{ id, author: { name: 'Ada', email: 'ada@example.com' } }],
      repository: { full_name: `ada/app-${number}`, default_branch: 'main', private: false, clone_url: origin },
      pusher: { name: 'ada' },
      sender: { login: 'ada', type: 'User' },
    });
    expect(Math.abs((event?.repository.pushed_at as number) - Date.now() / 1000)).toBeLessThan(60);
  });

  test('has every member that the recorded events have, with the same type', async () => {
    await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main');
    const [event] = await events(1);
    const examples = createRequire(import.meta.url)(
      '@octokit/webhooks-examples/api.github.com/index.json',
    ) as RecordedEvents[];
    const recorded = examples
      .find(({ name }) => name === 'push')
      ?.examples.find(({ ref }) => ref === 'refs/heads/master');
    expect(recorded).toBeDefined();
    expect(differences(recorded, event)).toEqual([]);
  });

  test('lists the commits that are new, oldest first, with their files', async () => {
    const first = await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main');
    await events(1);
    await commit('b', 'b\n');
    await clone.git('mv', 'a', 'sub dir é');
    const last = await commit('b', 'changed\n');
    await clone.git('push', '--quiet', 'origin', 'main');
    const [, event] = await events(2);
    expect(event).toMatchObject({
      before: first,
      after: last,
      created: false,
      forced: false,
      compare: expect.stringContaining(`/compare/${first.slice(0, 12)}...${last.slice(0, 12)}`),
    });
    expect(event?.commits.map(({ added, removed, modified }) => ({ added, removed, modified }))).toEqual([
      { added: ['b'], removed: [], modified: [] },
      { added: ['sub dir é'], removed: ['a'], modified: ['b'] },
    ]);
    expect(event?.head_commit?.id).toBe(last);
  });

  test('that forces a branch back says so', async () => {
    const base = await commit('a');
    const old = await commit('b');
    await clone.git('push', '--quiet', 'origin', 'main');
    await events(1);
    await clone.git('reset', '--quiet', '--hard', base);
    const other = await commit('c');
    await expect(clone.git('push', '--quiet', 'origin', 'main')).rejects.toThrow('rejected');
    await clone.git('push', '--quiet', '--force', 'origin', 'main');
    const [, event] = await events(2);
    expect(event).toMatchObject({ before: old, after: other, forced: true, commits: [{ id: other }] });
  });

  test('that deletes a branch has no commit', async () => {
    const id = await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main', 'main:old');
    await events(2);
    await clone.git('push', '--quiet', 'origin', '--delete', 'old');
    const event = (await events(3)).at(-1);
    expect(event).toMatchObject({
      ref: 'refs/heads/old',
      before: id,
      after: zeros,
      deleted: true,
      head_commit: null,
      commits: [],
    });
  });

  test('of a branch that is another one again has no commits and names it', async () => {
    await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main');
    await clone.git('push', '--quiet', 'origin', 'main:release');
    const event = (await events(2)).find(({ ref }) => ref === 'refs/heads/release');
    expect(event).toMatchObject({
      commits: [],
      base_ref: 'refs/heads/main',
      compare: expect.stringMatching(/compare\/release$/),
    });
  });

  test('of an annotated tag names the tag object and the commit behind it', async () => {
    const id = await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main');
    await clone.git('tag', '-a', '-m', 'First', 'v1.0.0');
    await clone.git('push', '--quiet', 'origin', 'v1.0.0');
    const [, event] = await events(2);
    expect(event).toMatchObject({
      ref: 'refs/tags/v1.0.0',
      base_ref: 'refs/heads/main',
      commits: [],
      head_commit: { id },
    });
    expect(event?.after).toBe(await clone.git('rev-parse', 'v1.0.0'));
    expect(event?.after).not.toBe(id);
  });

  test('of more than three tags sends no event for them', async () => {
    await commit('a');
    for (const tag of ['1', '2', '3', '4']) await clone.git('tag', tag);
    await clone.git('push', '--quiet', 'origin', 'main', '--tags');
    await commit('b');
    await clone.git('push', '--quiet', 'origin', 'main');
    expect((await events(2)).map(({ ref }) => ref)).toEqual(['refs/heads/main', 'refs/heads/main']);
  });

  test('of more than 2048 commits carries 2048, the last of them its head', async () => {
    const stream = Array.from(
      { length: 2100 },
      (_, index) =>
        `commit refs/heads/main\ncommitter Ada <ada@example.com> ${1_700_000_000 + index} +0000\ndata 2\n${index % 10}\n`,
    );
    await writeFile(join(clone.folder, 'stream'), stream.join('\n'));
    await clone.git('-c', 'alias.import=!git fast-import --quiet < stream', 'import');
    await clone.git('push', '--quiet', 'origin', 'main');
    const [event] = await events(1);
    expect(event?.commits).toHaveLength(2048);
    expect(event?.commits.at(-1)?.id).toBe(event?.after);
  });

  test('of the first branch makes it the default branch', async () => {
    await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main:trunk');
    const [event] = await events(1);
    expect(event?.repository.default_branch).toBe('trunk');
    expect(await clone.git('ls-remote', '--symref', 'origin', 'HEAD')).toContain('refs/heads/trunk');
  });

  // What is more than 1 MB, git sends in chunks. https://git-scm.com/docs/git-config#Documentation/git-config.txt-httppostBuffer
  test('of 6 MB arrives whole, and one commit of it can be fetched by its id', async () => {
    await mkdir(join(clone.folder, 'big'));
    const old = await commit('big/file', randomBytes(3_000_000));
    await commit('big/file', randomBytes(3_000_000));
    await clone.git('push', '--quiet', 'origin', 'main');
    await events(1);
    const other = await makeClone();
    await other.git('fetch', '--quiet', '--depth=1', origin, old);
    expect(await other.git('rev-parse', 'FETCH_HEAD')).toBe(old);
    expect(await other.git('rev-list', '--count', 'FETCH_HEAD')).toBe('1');
    await other.remove();
  });

  test('can be cloned with and without .git, in protocol 0, 1 and 2', async () => {
    await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main');
    for (const version of ['0', '1', '2']) {
      await clone.git(
        '-c',
        `protocol.version=${version}`,
        'clone',
        '--quiet',
        origin.replace(/\.git$/, ''),
        `copy${version}`,
      );
      await rm(join(clone.folder, `copy${version}`), { recursive: true });
    }
  });

  test.each([
    '../../etc/passwd',
    'ada/..%2f..%2fx',
    'ada/%2e%2e',
    '-x/--upload-pack=x',
    'ada/-x',
    'ada/x.lock',
    'ada/a b',
    '.hidden/x',
  ])('to %s is refused and makes nothing', async (path) => {
    await commit('a');
    await expect(clone.git('push', '--quiet', `${machine.url}/git/${path}`, 'main')).rejects.toThrow();
    expect(receiver.received).toEqual([]);
  });

  test.each([
    ['nobody', []],
    ['somebody who has another password', ['-c', 'credential.helper=!echo username=ada; echo password=wrong; :']],
    ['a name without a password', ['-c', 'credential.helper=!echo username=ada; echo password=; :']],
  ])('of %s is refused, to a new repository and to one that is there', async (_, credentials) => {
    const first = await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main');
    await events(1);
    await commit('b');
    const push = (...to: string[]) => clone.git('-c', 'credential.helper=', ...credentials, 'push', '--quiet', ...to);
    await expect(push('origin', 'main')).rejects.toThrow(/could not read Username|Authentication failed/);
    await expect(push(`${machine.url}/git/ada/other.git`, 'main')).rejects.toThrow();
    expect(await clone.git('ls-remote', 'origin', 'main')).toContain(first);
    expect(receiver.received).toHaveLength(1);
    expect((await fetch(`${machine.url}/git/ada/other`)).status).toBe(404);
    // The second half alone, which says what changes, is refused as well.
    const pack = await fetch(`${origin}/git-receive-pack`, { method: 'POST', body: '0000' });
    expect([pack.status, pack.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Slipway"']);
  });

  test('is made in the name of who signs in, if they may push', async () => {
    await commit('a');
    await clone.git('push', '--quiet', 'origin', 'main');
    await commit('b');
    const pushAs = (login: string) =>
      clone.git('push', '--quiet', origin.replace('//', `//${login}:the-token@`), 'main');
    await expect(pushAs('eve')).rejects.toThrow('403');
    await pushAs('ada');
    expect((await events(2)).map(({ pusher }) => pusher.name)).toEqual(['ada', 'ada']);
  });

  test('that comes to nothing leaves no repository behind', async () => {
    const headers = { authorization: `Basic ${Buffer.from('ada:the-token').toString('base64')}` };
    const answer = await fetch(`${machine.url}/git/ada/never/info/refs?service=git-receive-pack`, { headers });
    expect(answer.status).toBe(200);
    await answer.text();
    expect((await fetch(`${machine.url}/git/ada/never/info/refs?service=git-upload-pack`)).status).toBe(404);
  });
});

/** Where a value lacks a member of the pattern or has another type there. Accounts and apps are not known to the host. */
function differences(pattern: unknown, value: unknown, path = ''): string[] {
  if (pattern === null || value === null) return [];
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern[0] && value[0] ? differences(pattern[0], value[0], `${path}[]`) : [];
  if (typeof pattern !== typeof value) return [`${path}: ${typeof pattern} became ${typeof value}`];
  if (typeof pattern !== 'object') return [];
  return Object.entries(pattern as object)
    .filter(([name]) => name !== 'username' && name !== 'installation')
    .flatMap(([name, member]) => differences(member, (value as Record<string, unknown>)[name], `${path}.${name}`));
}
