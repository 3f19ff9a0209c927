import { describe, expect, it } from 'vitest';
import { floatingTags, imageVersion, immutableTag } from '../../../core/builds/tags.ts';

const commit = '1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d';
const tagsOf = (ref: string, versions: string[] = [], sharesRepository = false) =>
  floatingTags({ desiredTag: 'stable', sharesRepository }, { ref, commit }, versions);

describe('the tags of a release', () => {
  it('has one that never moves, sortable by time', () => {
    expect(immutableTag({ createdAt: '2026-11-21T01:02:03.456Z', commit })).toBe('build-20261121T010203Z-1a2b3c4');
    expect(immutableTag({ createdAt: '2026-11-21T01:02:59.999Z', commit }, 1)).toBe('build-20261121T010300Z-1a2b3c4');
  });

  it.each([
    ['a branch', 'refs/heads/main', [], ['stable', 'main', `sha-${commit}`]],
    ['a branch with a slash', 'refs/heads/feature/é x', [], ['stable', 'feature-x', `sha-${commit}`]],
    ['a branch named like an immutable tag', 'refs/heads/build-1', [], ['stable', `sha-${commit}`]],
    ['the first version', 'refs/tags/v1.2.3', [], ['1.2.3', '1.2', '1', 'latest', `sha-${commit}`]],
    ['a fix of an older line', 'refs/tags/v1.2.4', ['1.3.0', '2.0.0'], ['1.2.4', '1.2', `sha-${commit}`]],
    [
      'a version below the highest of its major',
      'refs/tags/v1.9.0',
      ['2.0.0', '1.8.0'],
      ['1.9.0', '1.9', '1', `sha-${commit}`],
    ],
    ['a prerelease', 'refs/tags/v2.0.0-rc.1', [], ['2.0.0-rc.1', `sha-${commit}`]],
    [
      'a prerelease is no higher version',
      'refs/tags/v1.0.0',
      ['2.0.0-rc.1'],
      ['1.0.0', '1.0', '1', 'latest', `sha-${commit}`],
    ],
  ])('for %s', (_, ref, versions, tags) => {
    expect(tagsOf(ref, versions)).toEqual(tags);
  });

  it('leaves the branch and the commit out where several entries release to one repository', () => {
    expect(tagsOf('refs/heads/main', [], true)).toEqual(['stable']);
  });

  it('leaves `latest` to the entry that asks for it where several release to one repository', () => {
    expect(tagsOf('refs/tags/v1.2.3', [], true)).toEqual(['1.2.3', '1.2', '1']);
    const entry = { desiredTag: 'latest', sharesRepository: true };
    expect(floatingTags(entry, { ref: 'refs/tags/v1.2.3', commit }, [])).toEqual(['1.2.3', '1.2', '1', 'latest']);
  });

  it('has the tags that the entry asks for beside its own, of the branch alone', () => {
    const entry = { desiredTag: 'stable', extraTags: ['8', 'stable', 'build-x'], sharesRepository: false };
    expect(floatingTags(entry, { ref: 'refs/heads/main', commit }, [])).toEqual([
      'stable',
      '8',
      'main',
      `sha-${commit}`,
    ]);
    expect(floatingTags(entry, { ref: 'refs/tags/v2.0.0-rc.1', commit }, [])).toEqual(['2.0.0-rc.1', `sha-${commit}`]);
  });
});

it('the version of an image is that of its git tag, else the tag that the index asks for', () => {
  expect(imageVersion({ desiredTag: 'stable' }, 'refs/heads/v1.2.3')).toBe('stable');
  expect(imageVersion({ desiredTag: 'stable' }, 'refs/tags/v1.2.3')).toBe('1.2.3');
});
