import { describe, expect, it } from 'vitest';
import { commitLink, sourceLine, sourcePage } from '../../../core/sources/source-pages.ts';

const commit = '1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b';

describe('the page of a commit', () => {
  it.each([
    ['https://github.com/demo/app.git', undefined, `https://github.com/demo/app/commit/${commit}`],
    [
      'https://user:secret@github.example.org/demo/app/',
      undefined,
      `https://github.example.org/demo/app/commit/${commit}`,
    ],
    ['https://gitlab.com/group/sub/app.git', undefined, `https://gitlab.com/group/sub/app/-/commit/${commit}`],
    ['https://bitbucket.org/demo/app.git', undefined, `https://bitbucket.org/demo/app/commits/${commit}`],
    ['https://git.example/demo/app.git', undefined, undefined],
    ['https://git.example/demo/app.git', 'gitlab', `https://git.example/demo/app/-/commit/${commit}`],
    ['https://git.example/demo/app.git', 'forgejo', `https://git.example/demo/app/commit/${commit}`],
    ['javascript://github.com/%0aalert(1)', 'github', undefined],
    ['git://github.com/demo/app', 'github', undefined],
    ['not an address', 'github', undefined],
  ] as const)('of %s on a host of the kind %s is %s', (url, gitHost, link) => {
    expect(commitLink({ url, gitHost }, commit)).toBe(link);
  });

  it('is none of a commit that is none', () => {
    expect(commitLink({ url: 'https://github.com/demo/app' }, '../../settings')).toBeUndefined();
  });
});

it.each([
  ['github', `https://git.example/demo/app/blob/${commit}/a%20b/Dockerfile#L3`],
  ['gitlab', `https://git.example/demo/app/-/blob/${commit}/a%20b/Dockerfile#L3`],
  ['forgejo', `https://git.example/demo/app/src/commit/${commit}/a%20b/Dockerfile#L3`],
] as const)('a line of a file has a page of its own at %s', (gitHost, page) => {
  expect(sourceLine({ url: 'https://git.example/demo/app.git', gitHost }, commit, 'a b/Dockerfile', 3)).toBe(page);
});

it('the page of a repository shows no credentials', () => {
  expect(sourcePage({ url: 'https://user:secret@github.com/demo/app' })).toBe('https://github.com/demo/app');
});
