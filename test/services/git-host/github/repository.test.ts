import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../../core/model/errors.ts';
import { createGitHosts } from '../../../../services/git-host/hosts.ts';
import type { RepositoryApi } from '../../../../services/git-host/repository-api.ts';
import { type FakeHost, startHost } from '../../http.ts';

type Answers = Record<string, unknown | ((count: number, response: ServerResponse) => void)>;

/** An API that answers each route with JSON, or as a function says; everything else is not there. */
async function ask<Answer>(
  answers: Answers,
  question: (repository: RepositoryApi) => Promise<Answer>,
): Promise<{ answer: Answer; requests: FakeHost['requests']; waited: number[] }> {
  const counts = new Map<string, number>();
  await using host = await startHost(({ method, path }, response) => {
    const route = `${method} ${decodeURIComponent(path)}`;
    const count = (counts.get(route) ?? 0) + 1;
    counts.set(route, count);
    const answer = answers[route];
    if (typeof answer === 'function') return answer(count, response);
    send(response, answer === undefined ? 404 : 200, answer ?? { message: 'Not Found' });
  });
  const waited: number[] = [];
  const wait = async (milliseconds: number) => void waited.push(milliseconds);
  const github = { kind: 'github', url: 'https://git.example', apiUrl: host.url } as const;
  const { repositoryAt } = createGitHosts([github], async () => 'the-token', wait);
  const repository = repositoryAt('https://git.example/demo/app.git');
  if (!repository) throw new Error('It is on the host.');
  return { answer: await question(repository), requests: host.requests, waited };
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const pull = 'GET /repos/demo/app/pulls/7';
const open = {
  state: 'open',
  head: { sha: 'a'.repeat(40), repo: { id: 1 } },
  base: { ref: 'main', repo: { id: 1 } },
  user: { login: 'someone' },
};

describe('the files that differ between two commits', () => {
  const route = 'GET /repos/demo/app/compare/old...new?per_page=1';
  const compared = async (answer: unknown) =>
    (await ask({ [route]: answer }, (repository) => repository.compare('old', 'new'))).answer;
  const file = (filename: string, over = {}) => ({ filename, status: 'modified', ...over });

  it('are listed with the old names of those that were moved', async () => {
    const files = [file('src/a.c'), file('b.md', { previous_filename: 'docs/b.md' })];
    expect(await compared({ status: 'ahead', files })).toEqual({
      isAhead: true,
      files: ['src/a.c', 'b.md', 'docs/b.md'],
    });
  });

  it('are those since the common ancestor where the head does not have all of the base', async () => {
    expect(await compared({ status: 'diverged', files: [file('a')] })).toEqual({ isAhead: false, files: ['a'] });
  });

  it('are unknown where a commit is gone, and where GitHub lists the first 300 only', async () => {
    expect(await compared(undefined)).toBeUndefined();
    const files = Array.from({ length: 300 }, (_, at) => file(`${at}`));
    expect(await compared({ status: 'ahead', files })).toBeUndefined();
    expect(await compared({ status: 'ahead', files: files.slice(1) })).toBeDefined();
  });
});

describe('what somebody may do in a repository', () => {
  it('is nothing for a stranger', async () => {
    expect((await ask({}, (repository) => repository.mayWrite('nobody'))).answer).toBe(false);
  });

  it('is requested a name as it stands', async () => {
    const route = 'GET /repos/demo/app/collaborators/a/../../b/permission';
    const { answer, requests } = await ask({ [route]: { permission: 'write', role_name: 'maintain' } }, (api) =>
      api.mayWrite('a/../../b'),
    );
    expect(answer).toBe(true);
    expect(requests[0]?.path).toBe('/repos/demo/app/collaborators/a%2F..%2F..%2Fb/permission');
  });
});

describe('a pull request', () => {
  it.each([
    ['a branch of the repository', 1, false],
    ['another repository', 2, true],
    ['a repository that is deleted', undefined, true],
  ])('of %s is told apart by the repository of its head', async (_, id, isFork) => {
    const head = { ...open.head, repo: id === undefined ? null : { id } };
    const { answer } = await ask({ [pull]: { ...open, state: 'closed', head } }, (api) => api.pullRequest(7));
    expect(answer).toMatchObject({ isOpen: false, commit: 'a'.repeat(40), isFork });
  });
});

describe('a host that does not answer at once', () => {
  it('gets another request after an error of its own, and after as long as it says', async () => {
    const { answer, waited, requests } = await ask(
      {
        [pull]: (count: number, response: ServerResponse) => {
          if (count === 1) return send(response, 502, {});
          if (count === 2) return send(response, 403, { message: 'secondary rate limit' }, { 'retry-after': '3' });
          send(response, 200, open);
        },
      },
      (repository) => repository.pullRequest(7),
    );
    expect(answer).toEqual({ isOpen: true, commit: 'a'.repeat(40), baseRef: 'main', isFork: false, author: 'someone' });
    expect(waited).toEqual([500, 3000]);
    expect(requests.every(({ headers }) => headers.authorization === 'Bearer the-token')).toBe(true);
  });

  it.each([
    ['goes on failing', 500, {}, 3, 'UpstreamError'],
    ['wants to be left alone for a minute', 429, { 'retry-after': '60' }, 1, 'UpstreamError'],
    ['has no more calls for the token', 403, { 'x-ratelimit-remaining': '0', 'retry-after': '60' }, 1, 'UpstreamError'],
    ['does not let the token see it', 403, { 'x-ratelimit-remaining': '4000' }, 1, 'HostRefusedError'],
    ['does not know the token', 401, {}, 1, 'HostRefusedError'],
  ])('is an error when it %s', async (_, status, headers, requests, name) => {
    let count = 0;
    const answer = (_count: number, response: ServerResponse) => {
      count++;
      send(response, status, { message: 'No.' }, headers);
    };
    await expect(ask({ [pull]: answer }, (repository) => repository.pullRequest(7))).rejects.toMatchObject({ name });
    expect(count).toBe(requests);
  });

  it('is an error when the answer has another form', async () => {
    await expect(ask({ [pull]: { state: 'open' } }, (repository) => repository.pullRequest(7))).rejects.toThrow(
      UpstreamError,
    );
  });
});

describe('a file at a commit', () => {
  const route = 'GET /repos/demo/app/contents/sub/Dockerfile?ref=abc';
  const fileOf = async (answer: unknown) =>
    (await ask({ [route]: answer }, (repository) => repository.file('sub/Dockerfile', 'abc'))).answer;

  it('is its text, or nothing where there is a folder, a submodule or nothing at all', async () => {
    const content = Buffer.from('FROM débian\n').toString('base64');
    expect(await fileOf({ type: 'file', encoding: 'base64', content })).toBe('FROM débian\n');
    expect(await fileOf([{ type: 'file', name: 'a' }])).toBeUndefined();
    expect(await fileOf({ type: 'submodule', submodule_git_url: 'x' })).toBeUndefined();
    expect(await fileOf(undefined)).toBeUndefined();
  });
});

describe('a comment that is kept up to date', () => {
  const mark = '<!-- slipway x -->';
  const list = 'GET /repos/demo/app/issues/7/comments?per_page=100&page=1';
  const keep = async (comments: unknown[], answers: Answers = { 'GET /user': { id: 5, type: 'User' } }) => {
    const { requests } = await ask(
      {
        [list]: comments,
        'POST /repos/demo/app/issues/7/comments': {},
        'PATCH /repos/demo/app/issues/comments/11': {},
        ...answers,
      },
      (repository) => repository.keepComment(7, mark, `${mark}\nnew`),
    );
    return requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
  };
  const comment = (id: number, user: object, body = `${mark}\nold`) => ({ id, user, body });

  it('is written once and then changed', async () => {
    expect(await keep([])).toEqual(['POST /repos/demo/app/issues/7/comments']);
    expect(await keep([comment(10, { id: 6, type: 'User' }, 'Hello'), comment(11, { id: 5, type: 'User' })])).toEqual([
      'PATCH /repos/demo/app/issues/comments/11',
    ]);
    expect(await keep([comment(11, { id: 5, type: 'User' }, `${mark}\nnew`)])).toEqual([]);
  });

  it('is one, although two of us wrote it at the same moment', async () => {
    const own = { id: 5, type: 'User' };
    const lists = [[], [comment(11, own), comment(12, own)]];
    const sent = await keep([], {
      'GET /user': own,
      [list]: (count: number, response: ServerResponse) => send(response, 200, lists[count - 1]),
      'POST /repos/demo/app/issues/7/comments': comment(12, own),
      'DELETE /repos/demo/app/issues/comments/12': {},
    });
    expect(sent).toEqual([
      'POST /repos/demo/app/issues/7/comments',
      'PATCH /repos/demo/app/issues/comments/11',
      'DELETE /repos/demo/app/issues/comments/12',
    ]);
  });

  it('is never a comment of somebody else that has the mark', async () => {
    expect(await keep([comment(11, { id: 6, type: 'User' })])).toEqual(['POST /repos/demo/app/issues/7/comments']);
  });

  it('is the comment of a program for the token of an app, which has no account', async () => {
    const app = { 'GET /user': (_: number, response: ServerResponse) => send(response, 403, {}) };
    expect(await keep([comment(10, { id: 6, type: 'User' }), comment(11, { id: 7, type: 'Bot' })], app)).toEqual([
      'PATCH /repos/demo/app/issues/comments/11',
    ]);
  });
});
