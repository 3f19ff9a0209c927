import { describe, expect, it } from 'vitest';
import { isVersionTag } from '../../../core/sources/version-tag.ts';

describe('a git tag is a version', () => {
  it.each(['v1.2.3', '1.2.3', 'v1.2.3-rc.1', '1.0.0-alpha', 'v1.2.3+build.5'])('as %s', (name) => {
    expect(isVersionTag(`refs/tags/${name}`)).toBe(true);
  });

  it.each(['v1.2', '1', 'latest', 'release-1.2.3', 'v1.2.3.4', 'V1.2.3', 'v01.2.3', 'v1.2.3-', 'nightly/1.2.3'])(
    'but not as %s',
    (name) => {
      expect(isVersionTag(`refs/tags/${name}`)).toBe(false);
    },
  );

  it('and no branch is one', () => {
    expect(isVersionTag('refs/heads/v1.2.3')).toBe(false);
  });
});
