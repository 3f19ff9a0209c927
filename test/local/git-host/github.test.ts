import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clone, makeClone, startHost } from './host.ts';

describe('the GitHub API', () => {
  let machine: Awaited<ReturnType<typeof startHost>>;
  let clone: Clone;
  let octokit: Octokit;
  let sha: string;
  const app = { owner: 'Ada', repo: 'App' };

  beforeAll(async () => {
    machine = await startHost();
    await machine.host.start();
    octokit = new Octokit({ baseUrl: `${machine.url}/github`, auth: 'the-token' });
    clone = await makeClone();
    await mkdir(join(clone.folder, 'index.d'));
    await writeFile(join(clone.folder, 'index.d', 'ada.yml'), 'Projects: []\n');
    await writeFile(join(clone.folder, 'Dockerfile'), 'FROM scratch\n');
    await clone.git('add', '--all');
    await clone.git('commit', '--quiet', '-m', 'First\n\nWith a body');
    await clone.git('branch', 'feature/one');
    await clone.git('push', '--quiet', `${machine.url}/git/Ada/App.git`, 'main', 'feature/one');
    sha = await clone.git('rev-parse', 'HEAD');
  });
  afterAll(async () => {
    await machine.remove();
    await clone.remove();
  });

  test('a private repository is there for its owner and the machine alone, in git, the API and the pages', async () => {
    await clone.git('push', '--quiet', `${machine.url}/git/Ada/Vault.git`, 'main');
    const vault = { owner: 'Ada', repo: 'Vault' };
    const { data } = await octokit.request('PATCH /repos/{owner}/{repo}', { ...vault, private: true });
    expect(data.private).toBe(true);
    const refs = '/git/Ada/Vault.git/info/refs?service=git-upload-pack';
    const basic = (name: string, password = 'the-token') => ({ authorization: `Basic ${btoa(`${name}:${password}`)}` });
    const statuses = async (path: string) =>
      Promise.all(
        [{}, basic('Ada', 'wrong'), basic('Eve'), basic('Ada'), basic('slipway')].map(
          async (headers) => (await fetch(machine.url + path, { headers })).status,
        ),
      );
    expect(await statuses(refs)).toEqual([401, 401, 404, 200, 200]);
    expect(await statuses('/github/repos/Ada/Vault')).toEqual([404, 401, 404, 200, 200]);
    expect(await statuses('/github/archives/Ada/Vault/legacy.tar.gz/main')).toEqual([404, 401, 404, 200, 200]);
    expect(await statuses('/git/Ada/Vault')).toEqual([404, 404, 404, 404, 404]);
    expect(await (await fetch(`${machine.url}/git`)).text()).not.toContain('Vault');
  });

  const failure = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: { status: number; response: { data: { message: string } } }) => [
        error.status,
        error.response.data.message,
      ],
    );

  const statusOf = (client: Octokit, ref: string) =>
    client.request('GET /repos/{owner}/{repo}/commits/{ref}/status', { owner: 'ada', repo: 'app', ref });

  test('knows a commit by every name that it has', async () => {
    for (const ref of ['main', 'heads/main', 'refs/heads/feature/one', 'feature/one', sha, sha.slice(0, 8), 'HEAD']) {
      const { data } = await statusOf(octokit, ref);
      expect(data).toMatchObject({ sha, repository: { full_name: 'Ada/App' } });
    }
  });

  test.each(['--all', 'main~1', 'main@{1}', '-n1', 'HEAD^{tree}', 'main..main', 'none'])(
    'takes %s for no ref',
    async (ref) => {
      expect(await failure(statusOf(octokit, ref))).toEqual([422, `No commit found for SHA: ${ref}`]);
    },
  );

  test('records statuses and combines them', async () => {
    const status = { ...app, sha, context: 'slipway/app', target_url: 'http://localhost:4600/builds/1' };
    const combined = async () => (await statusOf(octokit, 'main')).data;
    expect(await combined()).toMatchObject({ state: 'pending', total_count: 0, sha });
    const { data, status: code } = await octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
      ...status,
      state: 'pending',
      description: 'Building',
    });
    expect([code, data]).toMatchObject([
      201,
      { state: 'pending', context: 'slipway/app', description: 'Building', target_url: status.target_url },
    ]);
    await octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', { ...status, state: 'success' });
    await octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', { ...app, sha, state: 'error' });
    expect(await combined()).toMatchObject({
      state: 'failure',
      total_count: 2,
      statuses: [{ state: 'success' }, { state: 'error', context: 'default' }],
    });
  });

  test('refuses what GitHub refuses', async () => {
    const create = (input: object) =>
      failure(
        octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', { ...app, sha, state: 'success', ...input }),
      );
    expect(await create({ state: 'fine' })).toEqual([422, 'Validation Failed']);
    expect(await create({ description: 'x'.repeat(141) })).toEqual([422, 'Validation Failed']);
    expect(await create({ target_url: 'javascript:alert(1)' })).toEqual([422, 'Validation Failed']);
    expect(await create({ sha: '0'.repeat(40) })).toEqual([422, `No commit found for SHA: ${'0'.repeat(40)}`]);
    const tree = await clone.git('rev-parse', 'HEAD^{tree}');
    expect(await create({ sha: tree })).toEqual([422, `No commit found for SHA: ${tree}`]);
    expect(await create({ repo: 'none' })).toEqual([404, 'Not Found']);
    const stranger = new Octokit({ baseUrl: `${machine.url}/github`, auth: 'wrong' });
    expect(await failure(statusOf(stranger, 'main'))).toEqual([401, 'Bad credentials']);
    const anonymous = new Octokit({ baseUrl: `${machine.url}/github` });
    expect(
      await failure(anonymous.request('POST /repos/{owner}/{repo}/statuses/{sha}', { ...app, sha, state: 'success' })),
    ).toEqual([401, 'Requires authentication']);
    expect((await statusOf(anonymous, 'main')).status).toBe(200);
    const body = await fetch(`${machine.url}/github/repos/ada/app/statuses/${sha}`, {
      method: 'POST',
      body: '{',
      headers: { authorization: 'token the-token' },
    });
    expect([body.status, await body.json()]).toMatchObject([
      400,
      { message: 'Problems parsing JSON', documentation_url: expect.any(String) },
    ]);
  });

  test('packs a commit as GitHub does, by way of another address', async () => {
    const url = `${machine.url}/github/repos/Ada/App/tarball/feature/one`;
    const redirect = await fetch(url, { redirect: 'manual' });
    expect(redirect.status).toBe(302);
    const archive = await fetch(redirect.headers.get('location') ?? '');
    expect(archive.headers.get('content-disposition')).toBe(`attachment; filename=Ada-App-${sha.slice(0, 7)}.tar.gz`);
    const file = join(clone.folder, 'archive.tar.gz');
    await writeFile(file, Buffer.from(await archive.arrayBuffer()));
    const { stdout } = await promisify(execFile)('tar', ['--list', '--file', file]);
    expect(stdout.split('\n')).toContain(`Ada-App-${sha.slice(0, 7)}/index.d/ada.yml`);
    expect((await fetch(`${machine.url}/github/repos/Ada/App/tarball/none`)).status).toBe(404);
  });

  test('shows people the repositories, a commit and what happened, with nothing unescaped', async () => {
    await clone.git('commit', '--quiet', '--allow-empty', '-m', '<script>alert(1)</script>');
    await clone.git('push', '--quiet', `${machine.url}/git/Ada/App`, 'main');
    const evil = await clone.git('rev-parse', 'HEAD');
    for (const path of ['/git', '/git/Ada/App', `/git/ada/app/commit/${evil}`, '/github']) {
      const page = await fetch(`${machine.url}${path}`);
      expect(page.status).toBe(200);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      const text = await page.text();
      expect(text).toMatch(/Ada\/App|pending/);
      expect(text).not.toContain('<script');
    }
    expect((await fetch(`${machine.url}/git/ada/none`)).status).toBe(404);
  });
});
