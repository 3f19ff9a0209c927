import { describe, expect, it } from 'vitest';
import { buildIdOf, needsBuild, planIndex, planPush } from '../../core/plan.ts';
import type { Project } from '../../core/project.ts';
import type { PushTrigger } from '../../core/trigger.ts';

const project = (name: string, over: Partial<Project> = {}): Project => {
  const [, appId = '', jobId = '', desiredTag = ''] = /^(.+)\/(.+):(.+)$/.exec(name) ?? [];
  return {
    name,
    appId,
    jobId,
    desiredTag,
    gitUrl: `https://git.example/${appId}/${jobId}.git`,
    gitBranch: 'main',
    source: `git.example/${appId}/${jobId}`,
    dockerfile: 'Dockerfile',
    context: '.',
    notifyEmail: ['owner@example.org'],
    dependsOn: [],
    file: 'index.d/demo.yml',
    sharesRepository: false,
    active: true,
    ...over,
  };
};
const commit = 'a'.repeat(40);
const push = (over: Partial<PushTrigger> = {}): PushTrigger => ({
  type: 'push',
  id: 'delivery-1',
  receivedAt: '2026-11-21T00:00:00.000Z',
  source: 'git.example/demo/app',
  ref: 'refs/heads/main',
  before: 'b'.repeat(40),
  after: commit,
  commit,
  deleted: false,
  forced: false,
  pusher: 'someone',
  ...over,
});
const index = (projects: Project[], brokenFiles: string[] = []) => ({
  projects,
  problems: [],
  brokenFiles: new Set(brokenFiles),
});

describe('a push', () => {
  it('builds the projects that track its branch', () => {
    const other = project('demo/app:next', { gitBranch: 'next' });
    const tracked = project('demo/app:latest');
    expect(planPush(push(), [tracked, other])).toEqual({ projects: [tracked], commit });
  });

  it.each([
    ['deletes its branch', { deleted: true, commit: null }, /was deleted/],
    [
      'goes to a branch that nobody tracks',
      { ref: 'refs/heads/elsewhere' },
      /no entry of the index tracks refs\/heads\/elsewhere/,
    ],
    ['is a tag named like the branch', { ref: 'refs/tags/main' }, /refs\/tags\/main is no version like v1\.2\.3/],
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
    if (isBuilt) expect(plan).toEqual({ projects: [tracked], commit });
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

  it('gives the same build when it comes twice, and another one for another project', () => {
    expect(buildIdOf('one', 'demo/app:latest')).toBe(buildIdOf('one', 'demo/app:latest'));
    expect(buildIdOf('one', 'demo/app:latest')).not.toBe(buildIdOf('one', 'demo/base:latest'));
    expect(buildIdOf('one', 'demo/app:latest')).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('a push to the index', () => {
  const base = project('demo/base:latest');
  const app = project('demo/app:latest', { dependsOn: ['demo/base:latest'] });

  it('adds what is new', () => {
    expect(planIndex(index([app, base]), []).added.map(({ name }) => name)).toEqual([
      'demo/app:latest',
      'demo/base:latest',
    ]);
  });

  it('survives projects that depend on each other', () => {
    const one = project('demo/one:1', { dependsOn: ['demo/two:1'] });
    const two = project('demo/two:1', { dependsOn: ['demo/one:1'] });
    expect(planIndex(index([one, two]), []).added).toHaveLength(2);
  });

  it('changes what differs, whatever the order of the stored keys', () => {
    const stored = Object.fromEntries(Object.entries(app).reverse()) as Project;
    expect(planIndex(index([base, app]), [base, stored])).toEqual({ added: [], changed: [], deactivated: [] });
    const moved = { ...app, gitBranch: 'next' };
    expect(planIndex(index([base, moved]), [base, app]).changed).toEqual([moved]);
  });

  it('deactivates an entry that left', () => {
    expect(planIndex(index([base]), [base, app]).deactivated).toEqual([app]);
  });

  it('deactivates nothing when the index is empty, and nothing of a file that cannot be read', () => {
    expect(planIndex(index([]), [base, app]).deactivated).toEqual([]);
    const elsewhere = project('other/x:1', { file: 'index.d/other.yml' });
    expect(planIndex(index([base], ['index.d/other.yml']), [base, elsewhere]).deactivated).toEqual([]);
  });

  it('builds a changed entry anew only if its image would differ', () => {
    expect(needsBuild(app, { ...app, notifyEmail: ['other@example.org'] })).toBe(false);
    expect(needsBuild(app, { ...app, context: 'docker' })).toBe(true);
    expect(needsBuild({ ...app, active: false }, app)).toBe(true);
  });

  const exceptions = [{ id: 'CVE-1', reason: 'r', owner: 'o', expires: '2027-01-01' }];
  const vex: NonNullable<Project['vex']> = [
    { ids: ['CVE-1'], status: 'fixed', author: 'a', expires: '2027-01-01', file: 'vex/a.json' },
  ];
  it.each([
    ['another limit', { policy: { maxSeverity: 'HIGH' } }],
    ['another answer to a scanner', { policy: { scanners: { sbom: 'ignore' } } }],
    ['an exception', { exceptions }],
    ['a VEX statement', { vex }],
  ] as [string, Partial<Project>][])('by %s builds only a project whose candidate was blocked', (_, over) => {
    expect(needsBuild(app, { ...app, ...over })).toBe(false);
    expect(needsBuild(app, { ...app, ...over }, true)).toBe(true);
    expect(needsBuild({ ...app, ...over }, app, true)).toBe(true);
  });

  it('by other words for the same decision builds nothing', () => {
    const before: Project = {
      ...app,
      exceptions,
      vex,
      policy: { maxSeverity: 'LOW', unscannable: 'warn' },
    };
    const after: Project = {
      ...before,
      exceptions: exceptions.map((exception) => ({ ...exception, reason: 'another', owner: 'someone else' })),
      vex: before.vex?.map((statement) => ({ ...statement, author: 'someone else' })),
      policy: { unscannable: 'warn', maxSeverity: 'LOW' },
      notifyEmail: ['other@example.org'],
    };
    expect(needsBuild(before, after, true)).toBe(false);
  });
});
