import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type GitHostKind, gitHostKinds } from '../../../core/model/git-host.ts';
import type { RepositoryApi } from '../../../services/git-host/repository-api.ts';
import { lastGuard } from '../../limits.ts';
import { type Answers, askHost, send } from './ask-host.ts';
import { documentedApis } from './documented-answers.ts';

const commit = 'a'.repeat(40);

describe.each(gitHostKinds)('at %s', (kind: GitHostKind) => {
  const api = documentedApis[kind];
  const ask = <Answer>(answers: Answers, question: (repository: RepositoryApi) => Promise<Answer>) =>
    askHost(kind, answers, question);
  const [pullRoute = ''] = Object.keys(api.pullRequest({}));

  describe('a pull request', () => {
    it.each([
      ['a branch of the repository', 'repository', false],
      ['a fork', 'fork', true],
      ['a fork that is deleted', 'deleted', true],
    ] as const)('of %s is told apart', async (_, from, isFork) => {
      const { answer } = await ask(api.pullRequest({ from }), (repository) => repository.pullRequest(7));
      expect(answer).toEqual({ isOpen: true, commit, baseRef: 'main', isFork, author: 'ada' });
    });

    it.runIf(kind === 'forgejo')(
      'that was pushed to refs/for is one of a fork, though it names no other repository',
      async () => {
        const { answer } = await ask(api.pullRequest({ from: 'for' }), (repository) => repository.pullRequest(7));
        expect(answer).toMatchObject({ isFork: true });
      },
    );

    it('may be closed, or not there', async () => {
      const of = async (answers: Answers) => (await ask(answers, (repository) => repository.pullRequest(7))).answer;
      expect(await of(api.pullRequest({ isOpen: false }))).toMatchObject({ isOpen: false });
      expect(await of({})).toBeUndefined();
    });
  });

  it('may write to the repository who has that role, and nobody whose name only looks like theirs', async () => {
    const answers = api.members({ ada: 'write', grace: 'read' });
    const may = async (name: string) => (await ask(answers, (repository) => repository.mayWrite(name))).answer;
    expect([await may('ada'), await may('grace'), await may('ad'), await may('nobody')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('is asked for a name as it stands', async () => {
    const { requests } = await ask({}, (repository) => repository.mayWrite('a/../../b?c=d'));
    expect(requests[0]?.path).toContain('a%2F..%2F..%2Fb%3Fc%3Dd');
  });

  it('are listed the files that differ, and whether the head has all of the base', async () => {
    const compared = async (answers: Answers) =>
      (await ask(answers, (repository) => repository.compare('old', 'new'))).answer;
    expect(await compared(api.comparison(['src/a.c', 'b.md']))).toEqual({ isAhead: true, files: ['src/a.c', 'b.md'] });
    expect(await compared(api.comparison(['b.md'], { isDiverged: true }))).toMatchObject({ isAhead: false });
    expect(await compared(api.comparison(['b.md'], { isIncomplete: true }))).toBeUndefined();
    expect(await compared({})).toBeUndefined();
  });

  it('is a file read as text', async () => {
    const read = async (answers: Answers) =>
      (await ask(answers, (repository) => repository.file('sub/Dockerfile', 'abc'))).answer;
    expect(await read(api.file('sub/Dockerfile', 'FROM débian\n'))).toBe('FROM débian\n');
    expect(await read({})).toBeUndefined();
  });

  it('is a status set', async () => {
    const mark = {
      state: 'success',
      context: 'slipway: demo',
      description: 'Released',
      target_url: 'https://slipway.example',
    } as const;
    const { requests, routes } = await ask({ [api.statusRoute]: {} }, (repository) =>
      repository.setStatus(commit, mark),
    );
    expect(routes).toEqual([api.statusRoute]);
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual(api.status);
    expect(requests[0]?.headers.authorization).toBe('Bearer the-token');
  });

  describe('a comment that is kept up to date', () => {
    const mark = '<!-- slipway x -->';
    const keep = async (comments: Parameters<typeof api.comments>[0]) => {
      const { routes } = await ask(api.comments(comments), (repository) =>
        repository.keepComment(7, mark, `${mark}\nnew`),
      );
      return routes.filter((route) => !route.startsWith('GET '));
    };
    const old = `${mark}\nold`;

    it('is written once and then changed', async () => {
      expect(await keep([])).toEqual([api.addRoute]);
      expect(
        await keep([
          { id: 10, author: 6, body: 'Hello' },
          { id: 11, author: 5, body: old },
        ]),
      ).toEqual([api.changeRoute]);
      expect(await keep([{ id: 11, author: 5, body: `${mark}\nnew` }])).toEqual([]);
    });

    it('is never a comment of somebody else that has the mark', async () => {
      expect(await keep([{ id: 11, author: 6, body: old }])).toEqual([api.addRoute]);
    });
  });

  it('is an archive asked for with the token', async () => {
    const { requests, routes } = await ask({ [`GET ${api.archivePath}`]: {} }, async (repository) => {
      await (await repository.archive(commit, lastGuard())).text();
    });
    expect(routes).toEqual([`GET ${api.archivePath}`]);
    expect(requests[0]?.headers.authorization).toBe('Bearer the-token');
  });

  it("is a pull request of Slipway's own found by its branch, opened and closed", async () => {
    const answers = api.ownPulls([{ number: 8, isOfFork: true }, { number: 9 }]);
    const { answer } = await ask(answers, ({ pulls }) => pulls.openFrom('slipway/x'));
    expect(answer).toMatchObject({ number: 9, isOpen: true, isMerged: false, title: 'T', body: 'B' });
    const forks = await ask(api.ownPulls([{ number: 8, isOfFork: true }]), ({ pulls }) => pulls.openFrom('slipway/x'));
    expect(forks.answer).toBeUndefined();
    const opened = await ask(answers, ({ pulls }) =>
      pulls.open({ head: 'slipway/x', base: 'main', title: 'T', body: 'B' }),
    );
    expect(opened.routes).toEqual([api.openRoute]);
    expect(opened.answer).toMatchObject({ number: 9, url: expect.stringContaining('/9') });
    const { routes, requests } = await ask(answers, ({ pulls }) => pulls.close(9));
    expect([routes, JSON.parse(requests[0]?.body ?? '')]).toEqual([[api.closeRequest.route], api.closeRequest.body]);
  });

  describe('a host that does not answer at once', () => {
    it('gets another request after an error of its own, and after as long as it says', async () => {
      const answer = (count: number, response: ServerResponse) => {
        if (count === 1) return send(response, 502, {});
        if (count === 2) return send(response, 429, { message: 'Slow down.' }, { 'retry-after': '3' });
        send(response, 200, api.pullRequest({})[pullRoute]);
      };
      const { answer: pull, waited } = await ask({ [pullRoute]: answer }, (repository) => repository.pullRequest(7));
      expect(pull).toMatchObject({ commit });
      expect(waited).toEqual([500, 3000]);
    });

    it.each([
      ['goes on failing', 500, {}, 3, 'UpstreamError'],
      ['wants to be left alone for a minute', 429, { 'retry-after': '60' }, 1, 'UpstreamError'],
      [
        'has no more calls for the token',
        403,
        { 'x-ratelimit-remaining': '0', 'retry-after': '60' },
        1,
        'UpstreamError',
      ],
      ['does not let the token see it', 403, {}, 1, 'HostRefusedError'],
      ['does not know the token', 401, {}, 1, 'HostRefusedError'],
    ])('is an error when it %s', async (_, status, headers, requests, name) => {
      let count = 0;
      const answer = (_count: number, response: ServerResponse) => {
        count++;
        send(response, status, { message: 'No.' }, headers);
      };
      const asked = ask({ [pullRoute]: answer }, (repository) => repository.pullRequest(7));
      await expect(asked).rejects.toMatchObject({ name });
      expect(count).toBe(requests);
    });

    it.each([
      ['a page', (_: number, response: ServerResponse) => response.end('<html>Sign in</html>')],
      ['another form', { state: 'open' }],
    ])('is an error when it answers with %s', async (_, answer) => {
      const asked = ask({ [pullRoute]: answer }, (repository) => repository.pullRequest(7));
      await expect(asked).rejects.toMatchObject({ name: 'UpstreamError' });
    });

    it('gets a comment only once: it may have been written although its answer was lost', async () => {
      const answers = api.comments([]);
      const lost = { ...answers, [api.addRoute]: (_: number, response: ServerResponse) => response.destroy() };
      const routes: string[] = [];
      const asked = ask(lost, async (repository) => {
        await repository.keepComment(7, '<!-- slipway x -->', 'text').finally(() => routes.push('asked'));
      });
      await expect(asked).rejects.toMatchObject({ name: 'UpstreamError' });
      expect(routes).toEqual(['asked']);
    });
  });
});

describe('a status that GitLab has already', () => {
  const set = (status: number, message: string) =>
    askHost(
      'gitlab',
      {
        [documentedApis.gitlab.statusRoute]: (_: number, response: ServerResponse) =>
          send(response, status, { message }),
      },
      (repository) => repository.setStatus(commit, { state: 'pending', context: 'x', description: 'y' }),
    );

  it('is no error, and every other refusal is', async () => {
    await set(400, 'Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition)');
    await expect(set(400, 'state is invalid')).rejects.toMatchObject({ name: 'HostRefusedError' });
  });
});
