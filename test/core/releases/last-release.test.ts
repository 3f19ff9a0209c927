import { describe, expect, it } from 'vitest';
import { comparedRefs, lastReleaseOf } from '../../../core/releases/last-release.ts';

const main = 'refs/heads/main';

describe('the last release', () => {
  const released = { build: 'b', ref: main };
  const ofRef = { build: 'other' };
  it.each([
    ['of the tracked branch is in the record', { released }, main, undefined, { build: 'b', ref: main }],
    ['of a record without a ref is of the tracked branch', { released: { build: 'b' } }, main, undefined, released],
    [
      'of a branch that was tracked before is none',
      { released: { build: 'b', ref: 'refs/heads/old' } },
      main,
      undefined,
      undefined,
    ],
    ['of a project without one is none', {}, main, ofRef, undefined],
    ['of another ref is at its head', { released }, 'refs/tags/v1', ofRef, { build: 'other', ref: 'refs/tags/v1' }],
    ['of another ref without one is none', { released }, 'refs/tags/v1', undefined, undefined],
  ])('%s', (_, record, ref, atHead, release) => {
    expect(lastReleaseOf({ gitBranch: 'main', ...record }, ref, atHead)).toEqual(release);
  });
});

it.each([
  ['the tracked branch', main, [main]],
  ['another branch', 'refs/heads/dev', ['refs/heads/dev', main]],
  ['a tag', 'refs/tags/v1', ['refs/tags/v1', main]],
  ['a pull request', 'refs/pull/1/head', [main]],
])('an image of %s is compared to the releases of these refs', (_, ref, refs) => {
  expect(comparedRefs({ gitBranch: 'main' }, ref)).toEqual(refs);
});
