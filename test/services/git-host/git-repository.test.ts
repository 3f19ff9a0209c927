import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allowedSigner } from '../../../core/signing/ssh-signature.ts';
import { newPrivateKey, publicKeyOf, signDigest } from '../../../local/aws/kms/signature.ts';
import { createCommitSigner } from '../../../services/git-host/commit-signer.ts';
import { filesAt } from '../../../services/git-host/git-files.ts';
import {
  BranchMovedError,
  CommitRefusedError,
  createGitRepositories,
  RepositoryRefusedError,
} from '../../../services/git-host/git-repository.ts';
import { createPublicFetch } from '../../../services/http/public-fetch.ts';
import { type FakeGitHost, startFakeGitHost } from '../../builder/fake-git-host.ts';

const fetchHere = createPublicFetch({ privateHosts: ['localhost', '127.0.0.1'] });
const repositories = createGitRepositories(fetchHere);
const author = { name: 'Slipway', email: 'slipway@example.org' };
const at = new Date('2026-11-29T12:00:00Z');
const files = { 'live/web/app.yaml': 'image: a:1\n', 'live/ü.yaml': 'b\n', 'README.md': '# Live\n' };

async function hostOf(options: { filters: boolean; format?: string } = { filters: true }) {
  const host = await startFakeGitHost();
  if (options.format) host.init('ops/live', `--object-format=${options.format}`, '--initial-branch=main');
  const first = host.commit('ops/live', files);
  host.git('ops/live', 'config', 'http.receivepack', 'true');
  host.git('ops/live', 'config', 'receive.denyCurrentBranch', 'ignore');
  host.git('ops/live', 'config', 'uploadpack.allowFilter', String(options.filters));
  const repository = await repositories.open({ url: `${host.url}/ops/live.git` });
  return { host, repository, first };
}

async function change(repository: Awaited<ReturnType<typeof hostOf>>['repository'], text: string) {
  const branch = await repository.branch(undefined);
  if (!branch) throw new Error('There is no branch.');
  const made = await filesAt(repository, branch.commit).change(new Map([['live/web/app.yaml', Buffer.from(text)]]), {
    author,
    at,
    message: 'Deploy demo/app 1.2.3',
  });
  return { ...made, branch };
}

const show = (host: FakeGitHost, ...args: string[]) => host.git('ops/live', ...args);

describe.each([{ filters: true }, { filters: false }, { filters: true, format: 'sha256' }])(
  'a repository of a host, %o',
  (options) => {
    it('gets a commit that changes one file, and that git finds whole', async () => {
      const { host, repository, first } = await hostOf(options);
      await using _ = host;
      const found = await filesAt(repository, first).find('live/web/app.yaml', () => true);
      expect(found?.isFolder).toBe(false);
      const [content] = await filesAt(repository, first).read(found?.files ?? []);
      expect(content?.toString()).toBe('image: a:1\n');
      const { branch, commit, objects } = await change(repository, 'image: a:2\n');
      expect(branch).toEqual({ ref: 'refs/heads/main', commit: first });
      await repository.push(branch.ref, branch.commit, commit, objects);
      expect(show(host, 'fsck', '--strict')).toBe('');
      expect(show(host, 'diff', '--name-status', first, 'main')).toBe('M\tlive/web/app.yaml');
      expect(show(host, 'show', 'main:live/web/app.yaml')).toBe('image: a:2');
      expect(show(host, 'log', '-1', '--format=%an <%ae> %cI %s', 'main')).toBe(
        'Slipway <slipway@example.org> 2026-11-29T12:00:00+00:00 Deploy demo/app 1.2.3',
      );
    });
  },
);

it('lists the files of a folder, however they are named, and nothing that is a link', async () => {
  const { host } = await hostOf();
  await using _ = host;
  const commit = host.commit('ops/live', { ...files, 'live/link.yaml': { link: 'ü.yaml' } });
  const repository = await repositories.open({ url: `${host.url}/ops/live` });
  const found = await filesAt(repository, commit).find('live', (path) => path.endsWith('.yaml'));
  expect(found?.files.map(({ path }) => path).sort()).toEqual(['live/web/app.yaml', 'live/ü.yaml']);
  await expect(filesAt(repository, commit).find('live/link.yaml', () => true)).rejects.toThrow('a link to elsewhere');
  expect(await filesAt(repository, commit).find('live/none.yaml', () => true)).toBeUndefined();
  expect(await filesAt(repository, commit).find('README.md/none', () => true)).toBeUndefined();
});

it('refuses a commit on a branch that has moved, and loses neither', async () => {
  const { host, repository } = await hostOf();
  await using _ = host;
  const [one, other] = [await change(repository, 'one\n'), await change(repository, 'other\n')];
  await repository.push('refs/heads/main', one.branch.commit, one.commit, one.objects);
  await expect(repository.push('refs/heads/main', other.branch.commit, other.commit, other.objects)).rejects.toThrow(
    BranchMovedError,
  );
  expect(show(host, 'show', 'main:live/web/app.yaml')).toBe('one');
});

it('says what the host says where a branch is protected, and where there is no such repository', async () => {
  const { host, repository } = await hostOf();
  await using _ = host;
  const { branch, commit, objects } = await change(repository, 'x\n');
  host.git('ops/live', 'config', 'receive.denyCurrentBranch', 'refuse');
  host.git('ops/live', 'config', 'core.bare', 'false');
  const push = repository.push(branch.ref, branch.commit, commit, objects);
  await expect(push).rejects.toThrow(CommitRefusedError);
  await expect(push).rejects.toThrow('branch is currently checked out');
  await expect(repositories.open({ url: `${host.url}/ops/none.git` })).rejects.toThrow(RepositoryRefusedError);
  await expect(repositories.open({ url: 'http://localhost:1/ops/none.git' })).rejects.toThrow('cannot be reached');
});

/** git verifies these signatures by OpenSSH. */
const hasOpenSsh = spawnSync('ssh-keygen', ['-?']).error === undefined;

describe.runIf(hasOpenSsh)('a signed commit', () => {
  const privateKey = newPrivateKey();
  const publicKey = publicKeyOf(privateKey);
  const signCommit = createCommitSigner({
    publicKey: async () => publicKey,
    sign: async (digest) => signDigest(privateKey, digest),
  });
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What git says of the last commits: `G` is a good signature, `U` one of an unknown key, `N` none. */
  function verified(host: FakeGitHost, allowed: string): string[] {
    const file = join(folder, 'allowed_signers');
    writeFileSync(file, allowed);
    return show(host, '-c', `gpg.ssh.allowedSignersFile=${file}`, 'log', '--format=%G? %GS', 'main').split('\n');
  }

  it.each(['sha1', 'sha256'])('is one that git accepts, with ids of %s', async (format) => {
    const { host, repository } = await hostOf({ filters: true, format });
    await using _ = host;
    for (const number of [2, 3, 4]) {
      const branch = await repository.branch(undefined);
      const contents = new Map([['live/web/app.yaml', Buffer.from(`image: a:${number}\n`)]]);
      const files = filesAt(repository, branch?.commit ?? '');
      const made = await files.change(contents, { author, at, message: `Deploy ${number}` }, signCommit);
      await repository.push('refs/heads/main', branch?.commit, made.commit, made.objects);
    }
    const good = 'G slipway@example.org';
    expect(verified(host, allowedSigner('slipway@example.org', publicKey))).toEqual([good, good, good, 'N']);
    expect(verified(host, allowedSigner('slipway@example.org', publicKeyOf(newPrivateKey())))[0]).toMatch(/^U/);
    show(host, 'fsck', '--strict');
  });
});
