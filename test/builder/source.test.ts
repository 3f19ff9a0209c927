import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SourceInvalidError, SourceNotFoundError } from '../../builder/errors.ts';
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

function fetch(commit: string, ref = 'refs/heads/main', repository = 'app') {
  const workspace = join(root, String(count++));
  mkdirSync(workspace);
  const log = new BuildLog({ redaction: new Redaction(), console: () => undefined, store: async () => undefined });
  const env = { PATH: process.env.PATH ?? '' };
  const source = { url: `${host.url}/${repository}.git`, commit, ref };
  return fetchSource(source, workspace, { env, log, signal: new AbortController().signal });
}

test('the commit asked for is fetched, though the branch is further on', async () => {
  const first = host.commit('app', { file: 'first' });
  host.commit('app', { file: 'second' });
  const source = await fetch(first);
  expect(readFileSync(join(source.folder, 'file'), 'utf8')).toBe('first');
  expect(source.committedAt).toEqual(new Date('2026-01-02T03:04:05Z'));
});

test.each(['999999999999', '9223372036854775807', '10000000000'])(
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

test('a host that hands out heads only is asked for the branch', async () => {
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

test('a submodule by another protocol is refused', async () => {
  const commit = host.commit('modules', { file: 'x' });
  const blob = host.object('modules', 'blob', '[submodule "s"]\n\tpath = s\n\turl = file:///etc\n');
  host.git('modules', 'update-index', '--add', '--cacheinfo', `160000,${commit},s`);
  host.git('modules', 'update-index', '--add', '--cacheinfo', `100644,${blob},.gitmodules`);
  host.git('modules', 'commit', '--quiet', '--message', 'submodule');
  const head = host.git('modules', 'rev-parse', 'HEAD');
  await expect(fetch(head, 'refs/heads/main', 'modules')).rejects.toThrow(/submodules cannot be fetched.*not allowed/s);
});
