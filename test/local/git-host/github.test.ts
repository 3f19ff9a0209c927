import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
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
    await symlink('Dockerfile', join(clone.folder, 'link'));
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

  const failure = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: { status: number; response: { data: { message: string } } }) => [
        error.status,
        error.response.data.message,
      ],
    );

  test('knows a repository whatever its case, its branches and its commits', async () => {
    const { data: repository } = await octokit.request('GET /repos/{owner}/{repo}', { owner: 'ada', repo: 'app' });
    expect(repository).toMatchObject({
      full_name: 'Ada/App',
      default_branch: 'main',
      clone_url: `${machine.url}/git/Ada/App.git`,
    });
    expect(Date.parse(repository.created_at)).not.toBeNaN();
    const { data: branch } = await octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', {
      ...app,
      branch: 'feature/one',
    });
    expect(branch).toMatchObject({ name: 'feature/one', commit: { sha, commit: { message: 'First\n\nWith a body' } } });
    for (const ref of ['main', 'heads/main', 'refs/heads/feature/one', 'feature/one', sha, sha.slice(0, 8), 'HEAD']) {
      const { data: commit } = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', { ...app, ref });
      expect(commit).toMatchObject({ sha, parents: [], commit: { author: { name: 'Ada', email: 'ada@example.com' } } });
    }
  });

  test.each(['--all', 'main~1', 'main@{1}', '-n1', 'HEAD^{tree}', 'main..main', 'none'])(
    'takes %s for no ref',
    async (ref) => {
      expect(await failure(octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', { ...app, ref }))).toEqual([
        422,
        `No commit found for SHA: ${ref}`,
      ]);
    },
  );

  test('records statuses and combines them', async () => {
    const status = { ...app, sha, context: 'slipway/app', target_url: 'http://localhost:4600/builds/1' };
    const combined = async () =>
      (await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/status', { ...app, ref: 'main' })).data;
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
    const page = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/statuses', {
      ...app,
      ref: sha,
      per_page: 2,
    });
    expect(page.data.map(({ state }) => state)).toEqual(['error', 'success']);
    expect(page.headers.link).toMatch(/page=2>; rel="next"/);
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
    expect(await create({ repo: 'none' })).toEqual([404, 'Not Found']);
    const stranger = new Octokit({ baseUrl: `${machine.url}/github`, auth: 'wrong' });
    expect(await failure(stranger.request('GET /repos/{owner}/{repo}', app))).toEqual([401, 'Bad credentials']);
    const anonymous = new Octokit({ baseUrl: `${machine.url}/github` });
    expect(
      await failure(anonymous.request('POST /repos/{owner}/{repo}/statuses/{sha}', { ...app, sha, state: 'success' })),
    ).toEqual([401, 'Requires authentication']);
    expect((await anonymous.request('GET /repos/{owner}/{repo}', app)).status).toBe(200);
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

  test('gives files and folders', async () => {
    const contents = (path: string, options: object = {}) =>
      octokit.request('GET /repos/{owner}/{repo}/contents/{+path}', { ...app, path, ...options } as never);
    const { data: file } = (await contents('index.d/ada.yml', { ref: 'feature/one' })) as { data: { content: string } };
    expect(file).toMatchObject({
      type: 'file',
      name: 'ada.yml',
      path: 'index.d/ada.yml',
      size: 13,
      encoding: 'base64',
    });
    expect(Buffer.from(file.content, 'base64').toString()).toBe('Projects: []\n');
    expect(((await contents('Dockerfile', { mediaType: { format: 'raw' } })) as { data: unknown }).data).toBe(
      'FROM scratch\n',
    );
    const { data: folder } = (await contents('')) as { data: { name: string; type: string }[] };
    expect(folder.map(({ name, type }) => [name, type])).toEqual([
      ['Dockerfile', 'file'],
      ['index.d', 'dir'],
      ['link', 'symlink'],
    ]);
    expect(((await contents('index.d')) as { data: unknown }).data).toMatchObject([{ path: 'index.d/ada.yml' }]);
    expect(await failure(contents('none'))).toEqual([404, 'Not Found']);
    expect(await failure(contents('..%2F..%2Fetc/passwd'))).toEqual([404, 'Not Found']);
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
