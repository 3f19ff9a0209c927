import { describe, expect, it } from 'vitest';
import { needsBuild, planIndex } from '../../../core/index/plan-index.ts';
import type { Project } from '../../../core/model/project.ts';
import { sampleProject as project } from '../sample-project.ts';

const index = (projects: Project[], brokenFiles: string[] = []) => ({
  projects,
  diagnostics: [],
  brokenFiles: new Set(brokenFiles),
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

  it('by another text for the same decision builds nothing', () => {
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
