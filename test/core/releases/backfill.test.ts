import { describe, expect, it } from 'vitest';
import { backfillProgress, releasesOf } from '../../../core/releases/backfill.ts';

const build = (id: string, digest: string, tags: string[]) => ({
  id,
  image: { repository: 'r', digest, tags },
  createdAt: `2026-11-0${id}T00:00:00.000Z`,
  endedAt: `2026-11-0${id}T01:00:00.000Z`,
});

describe('the releases of a project, from its builds', () => {
  it('are one for each digest, and a floating tag names only the newest that has it', () => {
    const builds = [build('3', 'c', ['build-3', 'latest']), build('2', 'b', ['build-2', 'latest', '1.0'])];
    expect(releasesOf('p', builds)).toEqual([
      {
        project: 'p',
        digest: 'c',
        build: '3',
        tags: ['build-3', 'latest'],
        floating: ['latest'],
        at: '2026-11-03T01:00:00.000Z',
      },
      {
        project: 'p',
        digest: 'b',
        build: '2',
        tags: ['build-2', 'latest', '1.0'],
        floating: ['1.0'],
        at: '2026-11-02T01:00:00.000Z',
      },
    ]);
  });

  it('have the tags of all builds of a digest, and the newest of them', () => {
    const builds = [build('2', 'a', ['build-2', 'latest']), build('1', 'a', ['build-1', 'latest', 'old'])];
    expect(releasesOf('p', builds)).toMatchObject([
      { build: '2', tags: ['build-2', 'latest', 'build-1', 'latest', 'old'], floating: ['latest', 'old'] },
    ]);
  });

  it('leave out a build without an image', () => {
    expect(releasesOf('p', [{ id: '1', createdAt: '2026-11-01T00:00:00.000Z' }])).toEqual([]);
  });
});

describe('the backfill of a week', () => {
  const now = new Date('2026-11-21T00:00:00.000Z');
  const names = ['c', 'a', 'b'];
  const { after, complete } = backfillProgress('', now);

  it.each([
    ['begins with the first project', '', ['a', 'b', 'c'], false],
    ['continues after the project that was done last', after('a'), ['b', 'c'], false],
    ['is complete after all', complete, [], true],
    ['of a week ago says nothing about this one', '2000 b', ['a', 'b', 'c'], false],
  ])('%s', (_, recorded, left, isComplete) => {
    const progress = backfillProgress(recorded, now);
    expect(progress.left(names)).toEqual(left);
    expect(progress.isComplete).toBe(isComplete);
  });
});
