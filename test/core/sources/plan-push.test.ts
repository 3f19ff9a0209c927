import { describe, expect, it } from 'vitest';
import type { PushTrigger } from '../../../core/model/trigger.ts';
import { planPush } from '../../../core/sources/plan-push.ts';
import { sampleProject as project } from '../sample-project.ts';

const push = (over: Partial<PushTrigger> = {}) => ({
  source: 'git.example/demo/app',
  ref: 'refs/heads/main',
  ...over,
});

describe('a push', () => {
  it('builds the projects that track its branch', () => {
    const other = project('demo/app:next', { gitBranch: 'next' });
    const tracked = project('demo/app:latest');
    expect(planPush(push(), [tracked, other])).toEqual({ projects: [tracked] });
  });

  it.each([
    [
      'goes to a branch that nobody tracks',
      { ref: 'refs/heads/elsewhere' },
      /no entry of the index tracks refs\/heads\/elsewhere/,
    ],
    ['is a tag named like the branch', { ref: 'refs/tags/main' }, /refs\/tags\/main is not a version like v1\.2\.3/],
  ])('that %s builds nothing and says why', (_, over, reason) => {
    expect(planPush(push(over), [project('demo/app:latest')])).toEqual({ ignored: expect.stringMatching(reason) });
  });

  it.each([
    ['a version', 'refs/tags/v1.2.3', {}, true],
    ['a prerelease', 'refs/tags/1.2.3-rc.1', {}, true],
    ['a version where the entry wants none', 'refs/tags/v1.2.3', { versionTags: false }, false],
    ['a version of a repository that entries share', 'refs/tags/v1.2.3', { sharesRepository: true }, false],
    [
      'a version of a repository that entries share, for the one that asks for it',
      'refs/tags/v1.2.3',
      { sharesRepository: true, versionTags: true },
      true,
    ],
    ['any other tag, though the entry asks for versions', 'refs/tags/nightly', { versionTags: true }, false],
    ['a branch named like a version', 'refs/heads/v1.2.3', { versionTags: true }, false],
  ])('of %s is built or not', (_, ref, over, isBuilt) => {
    const tracked = project('demo/app:latest', over);
    const plan = planPush(push({ ref }), [tracked]);
    if (isBuilt) expect(plan).toEqual({ projects: [tracked] });
    else expect(plan).toHaveProperty('ignored');
  });

  it('of a version that no entry wants says so', () => {
    expect(planPush(push({ ref: 'refs/tags/v1.2.3' }), [project('demo/app:latest', { versionTags: false })])).toEqual({
      ignored: 'no entry of the index builds the version tags of git.example/demo/app',
    });
  });

  it('builds nothing for a project that left the index', () => {
    expect(planPush(push(), [project('demo/app:latest', { active: false })])).toHaveProperty('ignored');
  });
});
