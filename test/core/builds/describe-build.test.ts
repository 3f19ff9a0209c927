import { describe, expect, it } from 'vitest';
import {
  describeCause,
  describeCounts,
  describeDuration,
  describeRef,
  describeSource,
  pullTag,
  refName,
} from '../../../core/builds/describe-build.ts';
import type { Cause } from '../../../core/model/build.ts';
import { oneLine, shortened } from '../../../core/text/one-line.ts';

const commit = '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d';

describe('the text of a cause', () => {
  it('says who pushed what where', () => {
    const push = { type: 'push' as const, delivery: 'd', ref: 'refs/heads/feature/x', commit, pusher: 'alex' };
    expect(describeCause(push)).toBe('Push of commit 1a2b3c4 to branch feature/x by alex');
    expect(describeCause({ ...push, ref: 'refs/tags/v1.2.3', pusher: '' })).toBe(
      'Push of commit 1a2b3c4 to tag v1.2.3',
    );
  });

  it('gives nobody an e-mail address to read', () => {
    const push = {
      type: 'push' as const,
      delivery: 'd',
      ref: 'refs/heads/main',
      commit,
      pusher: 'Alex Doe <alex@example.org>',
    };
    expect(describeCause(push)).toMatch(/by Alex Doe$/);
    expect(describeCause({ ...push, pusher: 'alex@example.org' })).toMatch(/by alex$/);
  });

  it('says what the index did', () => {
    expect(describeCause({ type: 'index', commit, change: 'added' })).toBe('New in the index since its commit 1a2b3c4');
    expect(describeCause({ type: 'index', commit, change: 'changed' })).toBe(
      'Index entry changed by its commit 1a2b3c4',
    );
    expect(describeCause({ type: 'index', commit, change: 'changed', keys: ['build-args', 'target'] })).toBe(
      'Index entry changed by its commit 1a2b3c4: build-args, target',
    );
  });

  it.each<[Cause, string]>([
    [
      { type: 'pull-request', delivery: 'd', number: 7, commit, author: 'alex' },
      'Pull request #7 at commit 1a2b3c4 by alex',
    ],
    [
      { type: 'source-moved', ref: 'refs/heads/main', commit },
      'Commit 1a2b3c4 found at branch main; no event reported it',
    ],
    [
      { type: 'bases-changed', bases: [{ image: 'docker.io/library/debian:12', digest: 'b', previous: 'a' }] },
      'New base docker.io/library/debian:12',
    ],
    [{ type: 'packages-changed', updates: ['openssl'], total: 1 }, 'Updates of a package: openssl'],
    [
      { type: 'packages-changed', updates: ['a', 'b', 'c', 'd'], total: 90 },
      'Updates of 90 packages: a, b, c and 87 more',
    ],
    [{ type: 'parent-released', parents: ['demo/base:latest'] }, 'New release of demo/base:latest'],
    [{ type: 'schedule', schedule: 'rate(1 day)' }, 'Schedule rate(1 day)'],
    [{ type: 'manual', requester: 'alex' }, 'Requested by hand by alex'],
  ])('says what else may call for a build: %j', (cause, words) => {
    expect(describeCause(cause)).toBe(words);
  });
});

describe('one line', () => {
  it('has no line break, control or invisible character', () => {
    expect(oneLine('a\r\nBcc: x\u0000\u001b[31m\u202e\u2028\u200bb')).toBe('a Bcc: x [31m b');
  });

  it('of a sentence ends after a whole word', () => {
    expect(shortened('build on a newer base image', 24)).toBe('build on a newer base …');
    expect(shortened('build', 5)).toBe('build');
    expect(shortened('builds', 5)).toBe('buil…');
  });

  it('is cut between characters, never within one', () => {
    expect(oneLine('😀'.repeat(10), 4)).toBe('😀😀😀…');
    expect(oneLine('abcd', 4)).toBe('abcd');
  });
});

describe('texts for numbers', () => {
  it.each([
    [0, '0 ms'],
    [41.6, '42 ms'],
    [100, '0.1 s'],
    [940, '0.9 s'],
    [9_960, '10 s'],
    [59_600, '1 min'],
    [72_000, '1 min 12 s'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
    [-5, '0 ms'],
  ])('a duration of %i ms is %s', (milliseconds, words) => {
    expect(describeDuration(milliseconds)).toBe(words);
  });

  it('counts of findings have the worst first', () => {
    expect(describeCounts({ LOW: 3, CRITICAL: 1, HIGH: 0 })).toBe('1 critical, 3 low');
    expect(describeCounts({})).toBe('no findings');
  });
});

it('names a ref by its kind', () => {
  const refs = ['refs/heads/main', 'refs/tags/v1', 'refs/pull/1/head', 'refs/merge-requests/1/head', 'refs/notes/x'];
  expect(refs.map(describeRef)).toEqual([
    'branch main',
    'tag v1',
    'pull request #1',
    'merge request !1',
    'refs/notes/x',
  ]);
  expect(refs.map(refName)).toEqual(['main', 'v1', '#1', '!1', 'refs/notes/x']);
});

it('calls a pull request as its host does', () => {
  const cause = { type: 'pull-request', delivery: 'x', number: 5, commit, author: 'ada' } as const;
  expect(describeCause(cause)).toMatch(/^Pull request #5 at commit /);
  expect(describeCause(cause, 'gitlab')).toMatch(/^Merge request !5 at commit /);
});

it('shows no credentials of a source', () => {
  expect(describeSource('https://user:secret@git.example.org/demo/app')).toBe('https://git.example.org/demo/app');
  expect(describeSource('ssh://user:secret@git.example.org/demo/app')).not.toContain('secret');
});

it('pulls by the tag that the index asked for, if it is there', () => {
  expect(pullTag('demo/app:v2', ['build-1', 'main', 'v2'])).toBe('v2');
  expect(pullTag('demo/app:latest', ['1.2.3', '1.2'])).toBe('1.2.3');
  expect(pullTag('demo/app:latest', [])).toBeUndefined();
});
