import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SourceInvalidError, SourceNotFoundError } from '../../builder/errors.ts';
import type { GitCredential } from '../../builder/git-credential.ts';
import { BuildLog } from '../../builder/log.ts';
import { Redaction } from '../../builder/redaction.ts';
import { fetchSource } from '../../builder/source.ts';
import { type FakeGitHost, startFakeGitHost } from './fake-git-host.ts';

const root = mkdtempSync(join(tmpdir(), 'source-'));
let host: FakeGitHost;
let count = 0;

beforeAll(async () => {
  host = await startFakeGitHost();
  host.commit('dates', { file: 'in time' });
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

function fetch(
  commit: string,
  ref = 'refs/heads/main',
  repository = 'app',
  { url = host.url, allowed = [new URL(host.url).host] } = {},
) {
  return fetchFrom(`${url}/${repository}.git`, commit, ref, allowed);
}

function fetchFrom(
  url: string,
  commit: string,
  ref = 'refs/heads/main',
  privateHosts: readonly string[] = [new URL(host.url).host],
  credential?: GitCredential,
) {
  const workspace = join(root, String(count++));
  mkdirSync(workspace);
  const log = new BuildLog({ redaction: new Redaction(), console: () => undefined, store: async () => undefined });
  const env = { PATH: process.env.PATH ?? '' };
  const { signal } = new AbortController();
  return fetchSource({ url, commit, ref }, workspace, { env, log, privateHosts, credential, signal });
}

test('a private source is fetched with its credential, and the submodules that it opens', async () => {
  const password = 'open-sesame';
  const submodule = (path: string, url: string) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`;
  const part = host.commit('vault/part', { file: 'part' });
  const foreign = host.commit('safe/part', { file: 'foreign' });
  const add = (repository: string, path: string, commit: string) =>
    host.git(repository, 'update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
  host.commit('vault/app', { '.gitmodules': submodule('part', '../part.git') });
  add('vault/app', 'part', part);
  host.git('vault/app', 'commit', '--quiet', '--message', 'with its part');
  const commit = host.git('vault/app', 'rev-parse', 'HEAD');
  host.commit('vault/nosy', { '.gitmodules': submodule('part', `${host.url}/safe/part.git`) });
  add('vault/nosy', 'part', foreign);
  host.git('vault/nosy', 'commit', '--quiet', '--message', 'with another one');
  const nosy = host.git('vault/nosy', 'rev-parse', 'HEAD');
  for (const folder of ['vault/', 'safe/']) host.protect(folder, password);
  const credential = { url: `${host.url}/vault/`, authorization: `Basic ${btoa(`x:${password}`)}` };
  const fetchVault = (repository: string, wanted: string, given?: GitCredential) =>
    fetchFrom(`${host.url}/vault/${repository}.git`, wanted, undefined, undefined, given);

  const { folder } = await fetchVault('app', commit, credential);
  expect(readFileSync(join(folder, 'part', 'file'), 'utf8')).toBe('part');
  expect(readdirSync(join(folder, '..'))).not.toContain('git-credential');
  // A credential for one repository is stored with or without `.git`, whatever the entry has.
  host.commit('vault/alone', { file: 'alone' });
  const alone = host.git('vault/alone', 'rev-parse', 'HEAD');
  for (const name of ['alone', 'alone.git', 'alone/'])
    await fetchVault('alone', alone, { ...credential, url: `${host.url}/vault/${name}` });
  await expect(fetchVault('app', commit)).rejects.toThrow(SourceNotFoundError);
  await expect(fetchVault('app', commit, { ...credential, authorization: 'Basic eDp3cm9uZw==' })).rejects.toThrow(
    SourceNotFoundError,
  );
  // The password would open it, but the secret is not for that folder.
  await expect(fetchVault('nosy', nosy, credential)).rejects.toThrow(
    /The submodule \S+\/safe\/part\.git cannot be fetched: .* The secret of "source-secret" is for \S+\/vault\/ and what is below/,
  );
});

test('the commit asked for is fetched, though the branch is further on', async () => {
  const first = host.commit('app', { file: 'first' });
  host.commit('app', { file: 'second' });
  const source = await fetch(first);
  expect(readFileSync(join(source.folder, 'file'), 'utf8')).toBe('first');
  expect(source.committedAt).toEqual(new Date('2026-01-02T03:04:05Z'));
});

test('who wrote the commit is known, whatever the name and the message are', async () => {
  const tree = host.git('dates', 'rev-parse', 'HEAD^{tree}');
  const text = `tree ${tree}\nauthor Zoë\tO'Hara <z@b.c> 0 +0000\ncommitter A <a@b.c> 0 +0000\n\n${'é'.repeat(700)}\nmore\n`;
  const commit = host.object('dates', 'commit', text);
  host.update('dates', `update refs/heads/authored ${commit}\n`);
  const { authored } = await fetch(commit, 'refs/heads/authored', 'dates');
  expect(authored).toEqual({ by: "Zoë\tO'Hara", subject: 'é'.repeat(500) });
});

test.each([
  ['a repository that does not exist', 'URL/nothing.git'],
  ['a host that does not answer', 'http://127.0.0.1:9/x.git'],
  ['a local path', '/etc'],
  ['another protocol', 'file:///etc'],
  ['a command for a transport', 'ext::sh -c "touch /tmp/never"'],
  ['an option', '--upload-pack=touch /tmp/never'],
])('%s is no source, and it is said what to correct', async (_, url) => {
  const failure = await fetchFrom(url.replace('URL', host.url), '1'.repeat(40)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SourceNotFoundError);
  expect(String(failure)).toContain('git-url');
  expect(existsSync('/tmp/never')).toBe(false);
});

test.each(['999999999999', '9223372036854775807', '9214646400'])(
  'a commit of the second %s is refused with a reason, for no image can have that date',
  async (seconds) => {
    const tree = host.git('dates', 'rev-parse', 'HEAD^{tree}');
    const text = `tree ${tree}\nauthor A <a@b.c> 0 +0000\ncommitter A <a@b.c> ${seconds} +0000\n\nlate\n`;
    const commit = host.object('dates', 'commit', text);
    host.update('dates', `update refs/heads/main ${commit}\n`);
    const failure = await fetch(commit, 'refs/heads/main', 'dates').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SourceInvalidError);
    expect(String(failure)).toMatch(/impossible date.*git commit --amend/);
  },
);

test('a host that hands out heads only is queried for the branch', async () => {
  host.commit('old', { file: 'zero' });
  const first = host.commit('old', { file: 'first' });
  const head = host.commit('old', { file: 'second' });
  host.speaksOldProtocol = true;
  try {
    const [one, two] = await Promise.all([
      fetch(first, 'refs/heads/main', 'old'),
      fetch(head, 'refs/heads/main', 'old'),
    ]);
    expect(readFileSync(join(one.folder, 'file'), 'utf8')).toBe('first');
    expect(readFileSync(join(two.folder, 'file'), 'utf8')).toBe('second');
    await expect(fetch('1'.repeat(40), 'refs/heads/main', 'old')).rejects.toThrow(SourceNotFoundError);
    await expect(fetch(first, 'refs/heads/none', 'old')).rejects.toThrow(SourceNotFoundError);
  } finally {
    host.speaksOldProtocol = false;
  }
});

test.each([
  '--upload-pack=touch',
  'refs/heads/*',
  '+refs/heads/main:refs/heads/x',
  'refs/heads/a..b',
  'refs/heads/a b',
  '',
])('the ref %j is never given to git', async (ref) => {
  await expect(fetch('1'.repeat(40), ref)).rejects.toThrow(SourceNotFoundError);
});

test('hooks, filters and settings in the repository change nothing', async () => {
  const commit = host.commit('app', {
    '.gitattributes': '* filter=evil\n',
    '.gitconfig': '[filter "evil"]\n\tsmudge = touch /tmp/never\n',
    file: 'content',
  });
  const source = await fetch(commit);
  expect(readFileSync(join(source.folder, 'file'), 'utf8')).toBe('content');
});

/** Commits submodules, each `[path, url, commit]`, to a repository of its own. */
function withSubmodules(repository: string, modules: [path: string, url: string, commit: string][]): string {
  host.commit(repository, { file: repository });
  const text = modules.map(([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`).join('');
  const blob = host.object(repository, 'blob', text);
  for (const [path, , commit] of modules)
    host.git(repository, 'update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
  host.git(repository, 'update-index', '--add', '--cacheinfo', `100644,${blob},.gitmodules`);
  host.git(repository, 'commit', '--quiet', '--message', 'submodules');
  return host.git(repository, 'rev-parse', 'HEAD');
}

test('submodules are fetched, and theirs, with relative addresses too', async () => {
  const leaf = host.commit('leaf', { leaf: 'leaf' });
  const branch = withSubmodules('branch', [['deep/leaf', '../leaf.git', leaf]]);
  const head = withSubmodules('trunk', [
    ['b', `${host.url}/branch.git`, branch],
    ['l', './../leaf.git', leaf],
  ]);
  const { folder } = await fetch(head, 'refs/heads/main', 'trunk');
  for (const path of ['b/deep/leaf/leaf', 'l/leaf']) expect(readFileSync(join(folder, path), 'utf8')).toBe('leaf');
  expect(existsSync(join(folder, 'b/.git'))).toBe(false);
});

/** A server that nothing may reach: it counts who tries. */
async function forbidden(answer: (response: ServerResponse) => void = (response) => void response.end('secret')) {
  let tries = 0;
  const server = createServer((_, response) => {
    tries += 1;
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, tries: () => tries, [Symbol.asyncDispose]: async () => void server.close() };
}

test.each([
  'http://127.0.0.1:PORT/x.git',
  'http://localhost:PORT/x.git',
  'http://[::ffff:127.0.0.1]:PORT/x.git',
  'http://2130706433:PORT/x.git',
  'git://127.0.0.1:PORT/x.git',
])('a submodule at %s is refused before git connects to it, at any depth', async (address) => {
  await using server = await forbidden();
  const url = address.replace('PORT', String(server.port));
  const leaf = host.commit('leaf', { leaf: 'leaf' });
  const inner = withSubmodules(`inner-${count}`, [['m', url, leaf]]);
  const outer = withSubmodules(`outer-${count}`, [['inner', `../inner-${count}.git`, inner]]);
  const [innerName, outerName] = [`inner-${count}`, `outer-${count}`];
  await expect(fetch(inner, 'refs/heads/main', innerName)).rejects.toThrow(/private/);
  await expect(fetch(outer, 'refs/heads/main', outerName)).rejects.toThrow(/private/);
  expect(server.tries()).toBe(0);
});

test('a repository that has moved is fetched from its new address, but not from a private one', async () => {
  const commit = host.commit('app', { file: 'moved' });
  await using server = await forbidden();
  for (const [target, allowed] of [
    [`${host.url}/app.git`, true],
    [`http://127.0.0.1:${server.port}/app.git`, false],
    ['file:///etc', false],
  ] as const) {
    await using old = await forbidden((response) =>
      response.writeHead(301, { location: `${target}/info/refs?service=git-upload-pack` }).end(),
    );
    const from = { url: `http://127.0.0.1:${old.port}`, allowed: [`127.0.0.1:${old.port}`, new URL(host.url).host] };
    const fetched = fetch(commit, 'refs/heads/main', 'app', from);
    if (allowed) expect(readFileSync(join((await fetched).folder, 'file'), 'utf8')).toBe('moved');
    else await expect(fetched).rejects.toThrow(SourceNotFoundError);
  }
  expect(server.tries()).toBe(0);
});

test('a host that answers the check and then redirects git leads to no private address', async () => {
  await using server = await forbidden();
  const list = `${host.url}/app.git/info/refs?service=git-upload-pack`;
  const commit = host.commit('app', { file: 'x' });
  const answer = await globalThis.fetch(list, { headers: { 'git-protocol': 'version=2' } }).then((one) => one.text());
  let asked = 0;
  await using cunning = await forbidden((response) => {
    asked += 1;
    if (asked % 2 === 1) response.setHeader('content-type', 'application/x-git-upload-pack-advertisement').end(answer);
    else response.writeHead(302, { location: `http://127.0.0.1:${server.port}/x.git/info/refs` }).end();
  });
  const url = `http://127.0.0.1:${cunning.port}`;
  const allowed = [`127.0.0.1:${cunning.port}`, new URL(host.url).host];
  await expect(fetch(commit, 'refs/heads/none', 'app', { url, allowed })).rejects.toThrow(SourceNotFoundError);
  const head = withSubmodules('victim', [['m', `${url}/app.git`, commit]]);
  await expect(fetch(head, 'refs/heads/main', 'victim', { allowed })).rejects.toThrow(
    /submodule \S+ cannot be fetched/,
  );
  expect(asked).toBeGreaterThanOrEqual(4);
  expect(server.tries()).toBe(0);
});

test('a submodule by another protocol is refused', async () => {
  const commit = host.commit('modules', { file: 'x' });
  const blob = host.object('modules', 'blob', '[submodule "s"]\n\tpath = s\n\turl = file:///etc\n');
  host.git('modules', 'update-index', '--add', '--cacheinfo', `160000,${commit},s`);
  host.git('modules', 'update-index', '--add', '--cacheinfo', `100644,${blob},.gitmodules`);
  host.git('modules', 'commit', '--quiet', '--message', 'submodule');
  const head = host.git('modules', 'rev-parse', 'HEAD');
  await expect(fetch(head, 'refs/heads/main', 'modules')).rejects.toThrow(
    /"file:\/\/\/etc" is not fetched.*over http and https only/s,
  );
});

test('a submodule comes with its files and nothing of git, and so does one within it', async () => {
  const addModule = (repository: string, path: string, other: string, commit: string) => {
    const text = `[submodule "s"]\n\tpath = ${path}\n\turl = ../${other}.git\n`;
    const blob = host.object(repository, 'blob', text);
    host.git(repository, 'update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
    host.git(repository, 'update-index', '--add', '--cacheinfo', `100644,${blob},.gitmodules`);
    host.git(repository, 'commit', '--quiet', '--message', 'submodule');
    return host.git(repository, 'rev-parse', 'HEAD');
  };
  const inner = host.commit('inner', { file: 'inner' });
  host.commit('middle', { file: 'middle' });
  const middle = addModule('middle', 'deep/inner', 'inner', inner);
  host.commit('outer', { file: 'outer' });
  const outer = addModule('outer', 'parts/middle', 'middle', middle);

  const { folder } = await fetch(outer, 'refs/heads/main', 'outer');
  expect(readFileSync(join(folder, 'parts/middle/deep/inner/file'), 'utf8')).toBe('inner');
  expect(
    readdirSync(folder, { recursive: true })
      .filter((path) => String(path).includes('.git'))
      .sort(),
  ).toEqual(['.gitmodules', 'parts/middle/.gitmodules']);
});

test('links in a checkout are not followed: nothing outside is removed, and circles end', async () => {
  const outside = join(root, 'of somebody else');
  mkdirSync(join(outside, 'repository/.git'), { recursive: true });
  writeFileSync(join(outside, 'repository/.git/HEAD'), 'ref: refs/heads/main\n');
  const commit = host.commit('linked', {
    '.gitmodules': '',
    away: { link: outside },
    a: { link: '.' },
    b: { link: '.' },
    'folder/up': { link: '..' },
  });

  const { folder } = await fetch(commit, 'refs/heads/main', 'linked');
  expect(existsSync(join(outside, 'repository/.git/HEAD'))).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['.gitmodules', 'a', 'away', 'b', 'folder']);
});
