import { describe, expect, it } from 'vitest';
import { decideRelease, endBeforeRelease } from '../../../core/releases/release-decision.ts';

const push = { type: 'push', delivery: 'one', ref: 'refs/heads/main', commit: 'a', pusher: 'sam' } as const;
const pullRequest = { type: 'pull-request', delivery: 'one', number: 1, commit: 'a', author: 'sam' } as const;

describe('a candidate that passed', () => {
  const build = { id: 'own', cause: push, ref: 'refs/heads/main', status: 'scanning' } as const;

  it.each([
    ['of the tracked branch goes on to its release', {}, 'own', undefined],
    ['goes on where no build has the lease of its ref', {}, undefined, undefined],
    ['of a tag goes on, whatever branch is tracked', { ref: 'refs/tags/v1.0.0' }, 'own', undefined],
    ['of a pull request is judged and not released', { cause: pullRequest }, 'own', { status: 'unchanged' }],
    [
      'of a ref that is neither a branch nor a tag is not released',
      { ref: 'refs/pull/1/head' },
      'own',
      { status: 'unchanged' },
    ],
    ['is superseded by the build that has the lease of its ref', {}, 'other', { status: 'superseded', by: 'other' }],
    [
      'of a branch that is not tracked any more is superseded',
      { ref: 'refs/heads/old' },
      'own',
      { status: 'superseded' },
    ],
    [
      'that may have moved a tag is left to its end',
      { status: 'releasing', ref: 'refs/heads/old' },
      'other',
      undefined,
    ],
  ] as const)('%s', (_, over, leaseHolder, end) => {
    expect(endBeforeRelease({ ...build, ...over }, { gitBranch: 'main' }, leaseHolder)).toEqual(end);
  });
});

describe('beside what its ref released last, a candidate', () => {
  const last = {
    build: 'before',
    headRevision: 4,
    digest: 'sha256:old',
    tags: ['latest', 'main', 'sha-a'],
  };
  const known = {
    build: { id: 'own', headRevision: 5 },
    floating: ['latest', 'main', 'sha-a'],
    last,
  };
  const release = { do: 'release' };
  const unchanged = { do: 'end', end: { status: 'unchanged' } };

  it.each([
    ['is released where there was none', { last: undefined }, release],
    [
      'that took the lease of the ref earlier is superseded',
      { last: { ...last, headRevision: 6 } },
      { do: 'end', end: { status: 'superseded', by: 'before' } },
    ],
    ['is released once more by its own build', { last: { ...last, build: 'own' } }, release],
    ['with a new tag is released, though the image may be the same', { floating: ['latest', 'sha-b'] }, release],
    [
      'is compared with it, whatever its digest: somebody may have deleted it',
      {},
      { do: 'compare', with: 'sha256:old' },
    ],
    ['with the same content is unchanged', { isSameContent: true }, unchanged],
    ['with other content is released', { isSameContent: false }, release],
  ])('%s', (_, over, decision) => {
    expect(decideRelease({ ...known, ...over })).toEqual(decision);
  });
});
