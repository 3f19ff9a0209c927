import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { RepositoryApi } from '../../../../services/git-host/repository-api.ts';
import { type Answers, askHost, send } from '../ask-host.ts';

const ask = <Answer>(answers: Answers, question: (repository: RepositoryApi) => Promise<Answer>) =>
  askHost('github', answers, question);

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

  it('are unknown where GitHub lists the first 300 only', async () => {
    const files = Array.from({ length: 300 }, (_, at) => file(`${at}`));
    expect(await compared({ status: 'ahead', files })).toBeUndefined();
    expect(await compared({ status: 'ahead', files: files.slice(1) })).toBeDefined();
  });
});

it('a folder or a submodule is not a file', async () => {
  const fileOf = async (answer: unknown) => {
    const route = 'GET /repos/demo/app/contents/sub?ref=abc';
    return (await ask({ [route]: answer }, (repository) => repository.file('sub', 'abc'))).answer;
  };
  expect(await fileOf([{ type: 'file', name: 'a' }])).toBeUndefined();
  expect(await fileOf({ type: 'submodule', submodule_git_url: 'x' })).toBeUndefined();
});

describe('a comment that is kept up to date', () => {
  const mark = '<!-- slipway x -->';
  const list = 'GET /repos/demo/app/issues/7/comments?per_page=100&page=1';
  const keep = async (answers: Answers) => {
    const { routes } = await ask(
      {
        'POST /repos/demo/app/issues/7/comments': {},
        'PATCH /repos/demo/app/issues/comments/11': {},
        ...answers,
      },
      (repository) => repository.keepComment(7, mark, `${mark}\nnew`),
    );
    return routes.filter((route) => !route.startsWith('GET '));
  };
  const comment = (id: number, user: object) => ({ id, user, body: `${mark}\nold` });

  it('is one, although two of us wrote it at the same moment', async () => {
    const own = { id: 5, type: 'User' };
    const lists = [[], [comment(11, own), comment(12, own)]];
    const sent = await keep({
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

  it('is the comment of a program for the token of an app, which has no account', async () => {
    const sent = await keep({
      'GET /user': (_: number, response: ServerResponse) => send(response, 403, {}),
      [list]: [comment(10, { id: 6, type: 'User' }), comment(11, { id: 7, type: 'Bot' })],
    });
    expect(sent).toEqual(['PATCH /repos/demo/app/issues/comments/11']);
  });

  it('is never the comment of another program that quotes the mark', async () => {
    const quoting = { id: 9, body: `The pull request says: ${mark}`, user: { id: 6, type: 'Bot' } };
    const sent = await keep({
      'GET /user': (_: number, response: ServerResponse) => send(response, 403, {}),
      [list]: [quoting, comment(11, { id: 7, type: 'Bot' })],
    });
    expect(sent).toEqual(['PATCH /repos/demo/app/issues/comments/11']);
  });
});
