import { beforeAll, describe, expect, it } from 'vitest';
import { RecordConflictError, ReleaseBusyError } from '../../../core/model/errors.ts';
import type { Project } from '../../../core/model/project.ts';
import { createProjects, type DueProject, type Projects } from '../../../services/tables/projects.ts';
import { sampleProject } from '../../core/sample-project.ts';
import { createTables } from '../tables.ts';

let projects: Projects;

beforeAll(() => {
  const client = createTables();
  projects = createProjects(client, 'projects');
});

async function tracked(name: string): Promise<Project> {
  const project = sampleProject(name);
  await projects.put(project);
  return project;
}
const release = (build: string, headRevision: number) => ({
  build,
  headRevision,
  digest: 'sha256:0',
  tags: ['latest'],
  at: new Date().toISOString(),
});

const push = { id: '0000000000000001', ref: 'refs/heads/main' };

describe('a project', () => {
  it('names its last build, which is none of a pull request', async () => {
    const { name } = await tracked('demo/app:built');
    for (const [id, ref] of [
      ['1', 'refs/heads/main'],
      ['2', 'refs/tags/v1.2.3'],
      ['3', 'refs/pull/1/head'],
    ] as const)
      await projects.nextSequence(name, { id, ref });
    expect(await projects.get(name)).toMatchObject({ lastBuild: '2', sequence: 3 });
  });

  it('keeps its counts and its release when the index changes it', async () => {
    const project = await tracked('demo/app:kept');
    expect(await projects.nextSequence(project.name, push)).toBe(1);
    await projects.claimRelease(project.name, 'one');
    await projects.finishRelease(project.name, release('one', 1));
    await projects.put({ ...project, gitBranch: 'next' });
    expect(await projects.get(project.name)).toMatchObject({
      gitBranch: 'next',
      sequence: 1,
      released: { build: 'one' },
    });
    expect(await projects.nextSequence(project.name, push)).toBe(2);
  });

  it('keeps its counts where it is taken for new, but another writer was faster', async () => {
    const project = await tracked('demo/app:raced');
    await projects.put(project, { indexRevision: 2 });
    await projects.nextSequence(project.name, push);
    expect(await projects.put({ ...project, gitBranch: 'old' }, { indexRevision: 1, isNew: true })).toBe(false);
    expect(await projects.put({ ...project, gitBranch: 'next' }, { indexRevision: 3, isNew: true })).toBe(true);
    expect(await projects.get(project.name)).toMatchObject({ gitBranch: 'next', sequence: 1, indexRevision: 3 });
  });

  it('loses what its entry does not say any more', async () => {
    const project = await tracked('demo/app:less');
    await projects.put({ ...project, paths: ['src/**'], pullRequests: true });
    expect(await projects.get(project.name)).toMatchObject({ paths: ['src/**'], pullRequests: true });
    await projects.put(project);
    expect(await projects.get(project.name)).not.toHaveProperty('paths');
    expect(await projects.get(project.name)).not.toHaveProperty('pullRequests');
  });

  it('is found by its source', async () => {
    await tracked('demo/app:found');
    expect((await projects.bySource('git.example/demo/app')).map(({ name }) => name)).toContain('demo/app:found');
    expect(await projects.bySource('git.example/demo/other')).toEqual([]);
  });
});

describe('the tags of a project', () => {
  it('are held by one build at a time', async () => {
    const { name } = await tracked('demo/app:held');
    expect(await projects.claimRelease(name, 'one')).toMatchObject({ name, releasing: { build: 'one' } });
    expect(await projects.claimRelease(name, 'one')).toMatchObject({ releasing: { build: 'one' } });
    await expect(projects.claimRelease(name, 'two')).rejects.toThrow(ReleaseBusyError);
    expect(await projects.finishRelease(name, release('one', 1))).toBe(true);
    expect(await projects.claimRelease(name, 'two')).toMatchObject({ released: { build: 'one' } });
  });

  it('are given back by who holds them, and by nobody else', async () => {
    const { name } = await tracked('demo/app:yielded');
    await projects.claimRelease(name, 'one');
    await projects.yieldRelease(name, 'two');
    await expect(projects.claimRelease(name, 'two')).rejects.toThrow(ReleaseBusyError);
    await projects.yieldRelease(name, 'one');
    await projects.claimRelease(name, 'two');
    expect(await projects.get(name)).not.toHaveProperty('released');
  });

  it('are free again when their holder crashed', async () => {
    const { name } = await tracked('demo/app:crashed');
    await projects.claimRelease(name, 'one');
    await projects.claimRelease(name, 'two', new Date(Date.now() + 3_600_000));
    expect(await projects.finishRelease(name, release('one', 1))).toBe(false);
    expect(await projects.get(name)).not.toHaveProperty('released');
  });

  it('of a project that nobody knows are nobody’s', async () => {
    await expect(projects.claimRelease('demo/app:none', 'one')).rejects.toThrow(RecordConflictError);
  });
});

describe('a project with a schedule', () => {
  const at = (time: string) => new Date(`2026-11-${time}:00Z`);
  async function due(time: string): Promise<DueProject[]> {
    const found: DueProject[] = [];
    for await (const page of projects.due(at(time))) found.push(...page);
    return found;
  }

  it('is due at its hour, and again at the next, whatever else of its entry changes', async () => {
    const project = { ...(await tracked('demo/app:nightly')), schedule: 'cron(0 2 * * ? *)' };
    await projects.put(project, undefined, at('21T01:00'));
    expect(await due('21T01:59')).toEqual([]);
    const [known, ...others] = await due('21T02:00');
    expect(others).toEqual([]);
    expect(known).toEqual({ name: project.name, schedule: project.schedule, dueAt: '2026-11-21T02:00:00.000Z' });

    // A push of the index between the hour and the run makes it neither earlier nor later.
    await projects.put({ ...project, gitBranch: 'next' }, undefined, at('21T02:03'));
    expect(await due('21T02:04')).toEqual([known]);
    if (!known) throw new Error('It is not due.');
    await projects.setDue(known, '2026-11-22T02:00:00.000Z');
    expect(await due('21T23:00')).toEqual([]);
    // Whoever read it before comes too late.
    await projects.setDue(known, '2026-11-23T02:00:00.000Z');
    expect(await due('22T02:00')).toMatchObject([{ dueAt: '2026-11-22T02:00:00.000Z' }]);
    await projects.put({ ...project, active: false }, undefined, at('22T02:01'));
    expect(await due('30T00:00')).toEqual([]);
  });

  it('begins anew when the schedule changes, and ends when it is taken out or has no moment left', async () => {
    const project = await tracked('demo/app:changing');
    await projects.put({ ...project, schedule: 'rate(1 day)' }, undefined, at('01T00:00'));
    await projects.put({ ...project, schedule: 'rate(6 hours)' }, undefined, at('01T12:00'));
    const [known] = await due('30T00:00');
    expect(known).toMatchObject({ schedule: 'rate(6 hours)', dueAt: '2026-11-01T18:00:00.000Z' });
    if (!known) throw new Error('It is not due.');
    await projects.setDue(known, undefined);
    await projects.put({ ...project, schedule: 'rate(6 hours)' }, undefined, at('02T00:00'));
    expect(await due('30T00:00')).toEqual([]);
    await projects.put({ ...project, schedule: 'cron(0 4 1 1 ? 2020)' }, undefined, at('02T00:00'));
    await projects.put(project, undefined, at('02T00:00'));
    expect(await due('30T00:00')).toEqual([]);
    // Put in again, it is a new one.
    await projects.put({ ...project, schedule: 'rate(6 hours)' }, undefined, at('03T00:00'));
    expect(await due('30T00:00')).toMatchObject([{ dueAt: '2026-11-03T06:00:00.000Z' }]);
  });
});
