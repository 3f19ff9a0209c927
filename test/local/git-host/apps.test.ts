import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clone, makeClone, startHost, startReceiver, until } from './host.ts';

let machine: Awaited<ReturnType<typeof startHost>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let clone: Clone;
let commit: string;
let app: AnyAnswer;
let installation: number;

/** What the answers of all calls have together. */
interface AnyAnswer {
  id: number;
  slug: string;
  client_id: string;
  pem: string;
  token: string;
  suspended_at: string | null;
  conclusion: string | null;
}

type Claims = Partial<{ iat: number; exp: number; iss: string | number }>;

/** The token by which an app calls as itself. */
function jwt(claims: Claims = {}, key = app.pem): string {
  const now = Math.floor(Date.now() / 1000);
  const text = [
    { alg: 'RS256', typ: 'JWT' },
    { iat: now - 60, exp: now + 540, iss: app.client_id, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), createPrivateKey(key)).toString('base64url')}`;
}

async function call(token: string | undefined, route: string, body?: object) {
  const [method = '', path = ''] = route.split(' ');
  const response = await fetch(`${machine.url}/github${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {}) as AnyAnswer,
  };
}

const submit = (path: string, fields: Record<string, string>) =>
  fetch(`${machine.url}/git${path}`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) });

const password = 'the-password';
const manifest = {
  name: 'Slipway of Ada',
  url: 'https://slipway.example',
  redirect_url: 'http://127.0.0.1:1/callback',
  default_permissions: { checks: 'write', contents: 'read', pull_requests: 'write' },
  default_events: ['push', 'pull_request', 'issue_comment', 'check_run'],
};

async function mint(request: object = {}): Promise<string> {
  const { status, body } = await call(jwt(), `POST /app/installations/${installation}/access_tokens`, request);
  expect(status).toBe(201);
  return body.token;
}

beforeAll(async () => {
  receiver = await startReceiver();
  machine = await startHost();
  machine.host.setWebhook({ url: `${receiver.url}/none`, secretOf: () => 'other' });
  await machine.host.start();
  clone = await makeClone();
  for (const name of ['vault', 'lib', 'other']) {
    await writeFile(join(clone.folder, name), name);
    await clone.git('add', '--all');
    await clone.git('commit', '--quiet', '-m', name);
    await clone.git('push', '--quiet', `${machine.url}/git/ada/${name}`, 'main');
    await call('the-token', `PATCH /repos/ada/${name}`, { private: name !== 'lib' });
  }
  commit = await clone.git('rev-parse', 'HEAD~2');
  const hook = { url: receiver.url, active: true };
  const text = JSON.stringify({ ...manifest, hook_attributes: hook });
  const made = await submit('/settings/apps/new?state=mine', { manifest: text, password });
  const back = new URL(made.headers.get('location') ?? '');
  expect([made.status, back.origin, back.searchParams.get('state')]).toEqual([302, 'http://127.0.0.1:1', 'mine']);
  const code = back.searchParams.get('code');
  const converted = await call(undefined, `POST /app-manifests/${code}/conversions`);
  expect(converted.status).toBe(201);
  app = converted.body;
  expect((await call(undefined, `POST /app-manifests/${code}/conversions`)).status).toBe(404);
  await submit(`/apps/${app.slug}/installations/new`, { repositories: 'ada/vault ada/lib', password });
  installation = (await call(jwt(), 'GET /repos/ada/vault/installation')).body.id;
});
afterAll(async () => {
  await machine.remove();
  await receiver.close();
  await clone.remove();
});

describe('an app of the git host', () => {
  it('is not made, installed or used by who lacks the password', async () => {
    const text = JSON.stringify(manifest);
    expect((await submit('/settings/apps/new', { manifest: text })).status).toBe(200);
    expect((await submit('/settings/apps/new', { manifest: text, password: 'guess' })).status).toBe(403);
    const wrong = { repositories: 'ada/other', password: 'guess' };
    expect((await submit(`/apps/${app.slug}/installations/new`, wrong)).status).toBe(403);
    expect((await call(jwt(), 'GET /repos/ada/other/installation')).status).toBe(404);
    expect((await submit('/settings/apps/new', { manifest: '{}', password })).status).toBe(422);
  });

  it('is told of its installation, signed with its secret', async () => {
    const event = await until('the event', () =>
      receiver.received.find((each) => each.headers['x-github-event'] === 'installation'),
    );
    expect(event.headers['x-github-hook-installation-target-type']).toBe('integration');
    expect(JSON.parse(event.body)).toMatchObject({
      action: 'created',
      installation: { id: installation, account: { login: 'ada' } },
      repositories: [{ full_name: 'ada/vault', private: true }, { full_name: 'ada/lib' }],
    });
  });

  it.each<[string, () => string | undefined, number, RegExp]>([
    ['nothing', () => undefined, 401, /could not be decoded/],
    ['a word', () => 'abc', 401, /could not be decoded/],
    ['an id that is no app', () => jwt({ iss: 'Iv1' }), 404, /Integration not found/],
    ['an old token', () => jwt({ exp: Math.floor(Date.now() / 1000) - 5 }), 401, /exp/],
    ['one for too long', () => jwt({ exp: Math.floor(Date.now() / 1000) + 3600 }), 401, /exp/],
    ['one of the future', () => jwt({ iat: Math.floor(Date.now() / 1000) + 300 }), 401, /iat/],
    [
      "another app's key",
      () =>
        jwt(
          {},
          generateKeyPairSync('rsa', { modulusLength: 2048 })
            .privateKey.export({ type: 'pkcs1', format: 'pem' })
            .toString(),
        ),
      401,
      /could not be decoded/,
    ],
    ['its own id', () => jwt({ iss: app.id }), 200, /./],
  ])('that signs with %s gets what GitHub answers', async (_, token, status, message) => {
    const answer = await call(token(), 'GET /app');
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([status, expect.stringMatching(message)]);
  });

  it.each<[string, object, number]>([
    ['one of its repositories', { repositories: ['Vault'] }, 201],
    ['a repository that it is not installed on', { repositories: ['vault', 'other'] }, 422],
    ['a permission that it has', { permissions: { contents: 'read' } }, 201],
    ['more than it has', { permissions: { contents: 'write' } }, 422],
    ['another permission', { permissions: { administration: 'read' } }, 422],
  ])('that asks for a token for %s gets the answer of GitHub', async (_, request, status) => {
    const answer = await call(jwt(), `POST /app/installations/${installation}/access_tokens`, request);
    expect(answer.status).toBe(status);
  });

  it('opens with a token only what this is for', async () => {
    const token = await mint({ repositories: ['vault'], permissions: { contents: 'read' } });
    const get = async (route: string, body?: object) => (await call(token, route, body)).status;
    expect(await get('GET /repos/ada/vault/contents/vault')).toBe(200);
    expect(await get('GET /repos/ada/lib/contents/lib')).toBe(200);
    expect(await get('GET /repos/ada/other/contents/other')).toBe(404);
    expect(await get('GET /user')).toBe(403);
    expect(await get('GET /repos/ada/vault/pulls/1')).toBe(403);
    expect(await get(`POST /repos/ada/vault/check-runs`, { name: 'x', head_sha: commit })).toBe(403);
    expect(await get(`POST /repos/ada/vault/statuses/${commit}`, { state: 'success' })).toBe(403);
    expect(await get('GET /repos/ada/vault/collaborators/ada/permission')).toBe(200);
    const fetched = async (name: string, secret: string) => {
      const url = `${machine.url}/git/ada/${name}/info/refs?service=git-upload-pack`;
      const authorization = `Basic ${Buffer.from(`x-access-token:${secret}`).toString('base64')}`;
      return (await fetch(url, { headers: { authorization } })).status;
    };
    expect(await fetched('vault', token)).toBe(200);
    expect(await fetched('other', token)).toBe(404);
    expect(await fetched('vault', await mint({ permissions: { checks: 'write' } }))).toBe(403);
    expect(await fetched('vault', 'ghs_unknown')).toBe(401);
  });

  it('writes check runs, adds annotations to them, and gets their buttons', async () => {
    const token = await mint();
    const runs = '/repos/ada/vault/check-runs';
    const annotation = {
      path: 'Dockerfile',
      start_line: 1,
      end_line: 1,
      annotation_level: 'warning',
      message: 'pin it',
    };
    const output = { title: 'Blocked', summary: 'why', annotations: [annotation] };
    const button = { label: 'Approve', description: 'Build this commit', identifier: 'approve' };
    const made = await call(token, `POST ${runs}`, {
      name: 'a',
      head_sha: commit,
      status: 'in_progress',
      external_id: 'b1',
    });
    expect([made.status, made.body.conclusion]).toEqual([201, null]);
    const change = { conclusion: 'failure', output, actions: [button] };
    expect((await call(token, `PATCH ${runs}/${made.body.id}`, change)).body).toMatchObject({ status: 'completed' });
    await call(token, `PATCH ${runs}/${made.body.id}`, { output });
    const { body } = await call(token, `GET /repos/ada/vault/commits/${commit}/check-runs?check_name=a`);
    expect(body).toMatchObject({
      total_count: 1,
      check_runs: [{ external_id: 'b1', output: { annotations_count: 2 } }],
    });
    expect((await call('the-token', `POST ${runs}`, { name: 'a', head_sha: commit })).status).toBe(403);
    const many = { ...output, annotations: Array(51).fill(annotation) };
    expect((await call(token, `PATCH ${runs}/${made.body.id}`, { output: many })).status).toBe(422);

    const path = `/ada/vault/check-runs/${made.body.id}`;
    expect((await submit(path, { login: 'eve', password, button: 'approve' })).status).toBe(403);
    await submit(path, { login: 'ada', password, button: 'approve' });
    await submit(path, { login: 'ada', password });
    await submit(`/ada/vault/check-runs/${commit}`, { login: 'ada', password });
    const events = await until('the events', () => {
      const found = receiver.received.filter(({ headers }) => /^check_/.test(String(headers['x-github-event'])));
      return found.length === 3 && found.map((each) => JSON.parse(each.body));
    });
    const common = { check_run: { external_id: 'b1', head_sha: commit }, sender: { login: 'ada' } };
    const kindOf = ({ action, check_suite }: { action: string; check_suite?: object }) =>
      check_suite ? 'all' : action;
    expect(Object.fromEntries(events.map((event) => [kindOf(event), event]))).toMatchObject({
      requested_action: { requested_action: { identifier: 'approve' }, ...common },
      rerequested: { ...common, installation: { id: installation } },
      all: { action: 'rerequested', check_suite: { head_sha: commit, latest_check_runs_count: 1 } },
    });
  });

  it('loses its tokens when it is suspended, and gets none', async () => {
    const token = await mint();
    await call(jwt(), `PUT /app/installations/${installation}/suspended`);
    expect((await call(token, 'GET /repos/ada/vault/contents/vault')).status).toBe(401);
    const path = `POST /app/installations/${installation}/access_tokens`;
    expect((await call(jwt(), path)).status).toBe(403);
    expect((await call(jwt(), 'GET /repos/ada/vault/installation')).body.suspended_at).not.toBeNull();
    await call(jwt(), `DELETE /app/installations/${installation}/suspended`);
    expect((await call(token, 'GET /repos/ada/vault/contents/vault')).status).toBe(200);
    await call(jwt(), `DELETE /app/installations/${installation}`);
    expect((await call(jwt(), path)).status).toBe(404);
    expect((await call(token, 'GET /repos/ada/vault/contents/vault')).status).toBe(401);
  });
});
