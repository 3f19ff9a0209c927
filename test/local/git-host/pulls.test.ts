import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Octokit } from '@octokit/core';
import type { EmitterWebhookEvent } from '@octokit/webhooks';
import { verify } from '@octokit/webhooks-methods';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clone, makeClone, startHost, startReceiver, until } from './host.ts';

type PullEvent = EmitterWebhookEvent<'pull_request'>['payload'];
type CommentEvent = EmitterWebhookEvent<'issue_comment'>['payload'];

const secret = 'the-secret';
const app = { owner: 'ada', repo: 'app' };
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let machine: Awaited<ReturnType<typeof startHost>>;
let clone: Clone;

beforeEach(async () => {
  receiver = await startReceiver();
  machine = await startHost({ url: receiver.url, secret });
  await machine.host.start();
  clone = await makeClone();
  await commit('README.md', 'one\n');
  await push('ada', 'main');
});
afterEach(async () => {
  await machine.remove();
  await clone.remove();
  await receiver.close();
});

/** A client of somebody's own, as `curl -u ada:<token>` is one. */
const as = (login: string) => {
  const octokit = new Octokit({ baseUrl: `${machine.url}/github` });
  octokit.hook.before('request', (options) => {
    options.headers.authorization = `Basic ${Buffer.from(`${login}:the-token`).toString('base64')}`;
  });
  return octokit;
};
const ada = () => as('ada');

async function commit(name: string, text: string): Promise<string> {
  await writeFile(join(clone.folder, name), text);
  await clone.git('add', '--all');
  await clone.git('commit', '--quiet', '-m', `Write ${name}`);
  return clone.git('rev-parse', 'HEAD');
}

const push = (owner: string, branch: string) =>
  clone.git('push', '--quiet', '--force', `${machine.url}/git/${owner}/app.git`, `HEAD:refs/heads/${branch}`);

async function open(head = 'topic', login = 'ada', more: object = {}) {
  const { data } = await as(login).request('POST /repos/{owner}/{repo}/pulls', {
    ...app,
    title: 'Change it',
    head,
    base: 'main',
    ...more,
  });
  return data;
}

const pull = async (pull_number = 1) =>
  (await ada().request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...app, pull_number })).data;

function events<Payload>(name: string): Payload[] {
  return receiver.received
    .filter(({ headers }) => headers['x-github-event'] === name)
    .map(({ body }) => JSON.parse(body) as Payload);
}

const pullEvent = (action: string) =>
  until(`the event ${action}`, () => events<PullEvent>('pull_request').find((event) => event.action === action));

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    ({ status, response }: { status: number; response: { data: { message: string; errors?: unknown[] } } }) => {
      const [first] = (response.data.errors ?? []) as { field?: string; message?: string }[];
      return [status, response.data.message, first?.message ?? first?.field];
    },
  );

describe('a pull request', () => {
  test('of a branch is there under its number, its ref and its address, and is told of', async () => {
    const head = await commit('new.txt', 'new\n');
    await push('ada', 'topic');
    const opened = await open('topic', 'ada', { body: 'Because.' });
    expect(opened).toMatchObject({ number: 1, state: 'open', merged: false, mergeable: true, changed_files: 1 });
    expect(opened.head).toMatchObject({ label: 'ada:topic', ref: 'topic', sha: head });
    expect(await clone.git('ls-remote', `${machine.url}/git/ada/app.git`, 'refs/pull/1/head')).toContain(head);

    const event = await pullEvent('opened');
    expect(event).toMatchObject({
      number: 1,
      sender: { login: 'ada' },
      repository: { full_name: 'ada/app', clone_url: `${machine.url}/git/ada/app.git` },
      pull_request: { id: opened.id, title: 'Change it', body: 'Because.', author_association: 'OWNER', commits: 1 },
    });
    const [delivery] = receiver.received.filter(({ headers }) => headers['x-github-event'] === 'pull_request');
    expect(await verify(secret, delivery?.body ?? '', String(delivery?.headers['x-hub-signature-256']))).toBe(true);
  });

  test('of a fork brings the commits of the fork, and says where they are from', async () => {
    const head = await commit('new.txt', 'new\n');
    await push('eve', 'topic');
    await open('eve:topic', 'eve');
    const { pull_request, repository } = await pullEvent('opened');
    expect(pull_request.head).toMatchObject({ label: 'eve:topic', sha: head, repo: { fork: true } });
    expect(pull_request.head.repo?.id).not.toBe(repository.id);
    expect(pull_request).toMatchObject({ user: { login: 'eve' }, author_association: 'NONE' });
    await clone.git('fetch', '--quiet', `${machine.url}/git/ada/app.git`, 'refs/pull/1/head');
    expect(await clone.git('rev-parse', 'FETCH_HEAD')).toBe(head);
  });

  test('follows its branch, forced or not, and tells what it was', async () => {
    const first = await commit('new.txt', 'one\n');
    await push('eve', 'topic');
    await open('eve:topic', 'eve');
    await clone.git('reset', '--quiet', '--hard', 'HEAD~1');
    const second = await commit('other.txt', 'two\n');
    await push('eve', 'topic');
    const event = await pullEvent('synchronize');
    expect(event).toMatchObject({ before: first, after: second, pull_request: { head: { sha: second } } });
    expect(await clone.git('ls-remote', `${machine.url}/git/ada/app.git`, 'refs/pull/1/head')).toContain(second);
  });

  test('cannot be pushed to by its ref', async () => {
    await commit('new.txt', 'one\n');
    await expect(
      clone.git('push', '--quiet', `${machine.url}/git/ada/app.git`, 'HEAD:refs/pull/1/head'),
    ).rejects.toThrow(/hidden ref/);
  });

  test('that is merged is a push to the base, and closed as merged', async () => {
    await commit('new.txt', 'new\n');
    await push('ada', 'topic');
    await open();
    const { data } = await ada().request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
      ...app,
      pull_number: 1,
    });
    expect(data.merged).toBe(true);
    expect(await pullEvent('closed')).toMatchObject({ pull_request: { merged: true, merge_commit_sha: data.sha } });
    const pushed = await until('the push', () =>
      events<{ after: string; head_commit: { message: string } }>('push').find(({ after }) => after === data.sha),
    );
    expect(pushed.head_commit.message).toContain('Merge pull request #1 from ada/topic');
    expect(await pull()).toMatchObject({ state: 'closed', merged: true });
  });

  test('whose commits are pushed to the base is merged', async () => {
    await commit('new.txt', 'new\n');
    await push('ada', 'topic');
    await open();
    await push('ada', 'main');
    expect(await pullEvent('closed')).toMatchObject({ pull_request: { merged: true } });
  });

  test('whose branch is deleted is closed, and cannot be opened again', async () => {
    await commit('new.txt', 'new\n');
    await push('ada', 'topic');
    await open();
    await clone.git('push', '--quiet', `${machine.url}/git/ada/app.git`, ':topic');
    expect(await pullEvent('closed')).toMatchObject({ pull_request: { merged: false } });
    const change = { ...app, pull_number: 1, state: 'open' } as const;
    expect((await refusal(ada().request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', change)))[0]).toBe(422);
  });

  test('is closed and opened again by its author', async () => {
    await commit('new.txt', 'new\n');
    await push('eve', 'topic');
    await open('eve:topic', 'eve');
    const route = 'PATCH /repos/{owner}/{repo}/pulls/{pull_number}';
    await as('eve').request(route, { ...app, pull_number: 1, state: 'closed' });
    await pullEvent('closed');
    await as('eve').request(route, { ...app, pull_number: 1, state: 'open' });
    await pullEvent('reopened');
    const mallory = as('mallory').request(route, { ...app, pull_number: 1, state: 'closed' });
    expect((await refusal(mallory))[0]).toBe(403);
  });

  test('that cannot be is refused as GitHub refuses it', async () => {
    expect(await refusal(open('nowhere'))).toEqual([422, 'Validation Failed', 'head']);
    await push('ada', 'same');
    expect(await refusal(open('same'))).toEqual([422, 'Validation Failed', 'No commits between ada:main and ada:same']);
    await commit('new.txt', 'new\n');
    await push('ada', 'topic');
    expect(await refusal(open('topic', 'ada', { base: 'nowhere' }))).toEqual([422, 'Validation Failed', 'base']);
    await open();
    expect(await refusal(open())).toEqual([422, 'Validation Failed', 'A pull request already exists for ada:topic.']);
    expect(await refusal(pull(7))).toEqual([404, 'Not Found', undefined]);
    const anonymous = new Octokit({ baseUrl: `${machine.url}/github` });
    const call = anonymous.request('POST /repos/{owner}/{repo}/pulls', { ...app, head: 'topic', base: 'main' });
    expect(await refusal(call)).toEqual([401, 'Requires authentication', undefined]);
  });

  test('that does not fit the base any more is not merged', async () => {
    await commit('README.md', 'two\n');
    await push('ada', 'topic');
    await open();
    await clone.git('reset', '--quiet', '--hard', 'HEAD~1');
    await commit('README.md', 'three\n');
    await push('ada', 'main');
    expect(await pull()).toMatchObject({ mergeable: false, mergeable_state: 'dirty' });
    const merge = ada().request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...app, pull_number: 1 });
    expect((await refusal(merge))[0]).toBe(405);
  });
});

test('a comment is written, told of, changed by its author and taken back', async () => {
  await commit('new.txt', 'new\n');
  await push('ada', 'topic');
  await open();
  const issue = { ...app, issue_number: 1 };
  const { data } = await as('eve').request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    ...issue,
    body: 'Good.',
  });
  const told = await until('the event', () => events<CommentEvent>('issue_comment')[0]);
  expect(told).toMatchObject({
    action: 'created',
    issue: { number: 1, pull_request: {} },
    comment: { id: data.id, body: 'Good.', user: { login: 'eve', type: 'User' }, author_association: 'NONE' },
  });
  const comment = { ...app, comment_id: data.id };
  const change = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}';
  expect((await refusal(as('mallory').request(change, { ...comment, body: 'Bad.' })))[0]).toBe(403);
  await as('eve').request(change, { ...comment, body: 'Very good.' });
  const list = async () =>
    (await ada().request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', issue)).data.map(
      ({ body }) => body,
    );
  expect(await list()).toEqual(['Very good.']);
  await ada().request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', comment);
  expect(await list()).toEqual([]);
});

test('a repository is its owner’s, and somebody else’s once they are added', async () => {
  const permission = async (username: string) =>
    (await ada().request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', { ...app, username })).data
      .permission;
  expect([await permission('ada'), await permission('eve')]).toEqual(['admin', 'read']);
  const add = { ...app, username: 'eve', permission: 'maintain' } as const;
  const route = 'PUT /repos/{owner}/{repo}/collaborators/{username}';
  expect((await refusal(as('eve').request(route, add)))[0]).toBe(403);
  await ada().request(route, add);
  expect(await permission('eve')).toBe('write');
  expect((await as('eve').request('GET /user')).data.login).toBe('eve');
});

test('a hook that is switched off is told nothing, then or later', async () => {
  const hook = { ...app, hook_id: 1 };
  await ada().request('PATCH /repos/{owner}/{repo}/hooks/{hook_id}', { ...hook, active: false });
  const lost = await commit('new.txt', 'new\n');
  await push('ada', 'main');
  await ada().request('PATCH /repos/{owner}/{repo}/hooks/{hook_id}', { ...hook, active: true });
  const next = await commit('new.txt', 'newer\n');
  await push('ada', 'main');
  const after = () => events<{ after: string }>('push').map((event) => event.after);
  await until('the next push', () => after().includes(next));
  expect(after()).not.toContain(lost);
});

describe('what is in a repository', () => {
  const content = (path: string, accept = 'application/json') =>
    fetch(`${machine.url}/github/repos/ada/app/contents/${path}`, { headers: { accept } });

  test('is given file by file and folder by folder', async () => {
    expect(await (await content('README.md')).json()).toMatchObject({
      type: 'file',
      encoding: 'base64',
      content: 'b25lCg==\n',
    });
    expect(await (await content('README.md', 'application/vnd.github.raw')).text()).toBe('one\n');
    expect(await (await content('')).json()).toMatchObject([{ name: 'README.md', type: 'file', size: 4 }]);
    for (const path of ['nothing', 'README.md/x', '..%2F..%2Fx', '%2e%2e%2fconfig'])
      expect([path, (await content(path)).status]).toEqual([path, 404]);
  });

  test('is compared, with a fork too', async () => {
    const base = await clone.git('rev-parse', 'HEAD');
    await clone.git('mv', 'README.md', 'LICENSE');
    const head = await commit('new.txt', 'new\n');
    await push('eve', 'topic');
    const compare = async (basehead: string) =>
      (await ada().request('GET /repos/{owner}/{repo}/compare/{basehead}', { ...app, basehead })).data;
    expect(await compare('main...eve:topic')).toMatchObject({
      status: 'ahead',
      ahead_by: 1,
      behind_by: 0,
      total_commits: 1,
      merge_base_commit: { sha: base },
      commits: [{ sha: head }],
      files: [
        { filename: 'LICENSE', previous_filename: 'README.md', status: 'renamed', changes: 0 },
        { filename: 'new.txt', status: 'added', additions: 1 },
      ],
    });
    expect(await compare(`${base}...main`)).toMatchObject({ status: 'identical', files: [] });
    expect((await refusal(compare('main...nowhere')))[0]).toBe(404);
  });
});

test('the pages for people show a pull request with what was written, and run nothing of it', async () => {
  await commit('new.txt', 'new\n');
  await push('ada', 'topic');
  await open('topic', 'ada', { title: 'Change <b>it</b>' });
  const body = '<!-- a note --><script>alert(1)</script> **Good.**';
  const issue = { ...app, issue_number: 1, body };
  await as('eve').request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', issue);
  const list = await (await fetch(`${machine.url}/git/ada/app`)).text();
  expect(list).toContain('<a href="/git/ada/app/pull/1">#1 Change &lt;b&gt;it&lt;/b&gt;</a>');
  const page = await (await fetch(`${machine.url}/git/ada/app/pull/1`)).text();
  for (const text of ['ada:topic', '&lt;script&gt;alert(1)&lt;/script&gt; **Good.**', 'new.txt'])
    expect(page).toContain(text);
  expect(page).not.toContain('a note');
  const file = await (await fetch(`${machine.url}/git/ada/app/blob/main/README.md`)).text();
  expect(file).toContain('<span id="L1"><a href="#L1">1</a>  one');
  for (const path of ['pull/2', 'blob/main/nothing', 'blob/main/..%2f..%2fx', 'blob/main/%ff'])
    expect((await fetch(`${machine.url}/git/ada/app/${path}`)).status).toBe(404);
});
