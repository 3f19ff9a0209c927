import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RecordConflictError, ReleaseBusyError } from '../../core/errors.ts';
import type { Project } from '../../core/project.ts';
import { createProjects, type Projects } from '../../services/projects.ts';
import { startTables } from './tables.ts';

let projects: Projects;
let stop: () => Promise<void>;

beforeAll(async () => {
  const tables = await startTables([{ name: 'projects', key: 'name', indexes: { bySource: { partition: 'source' } } }]);
  projects = createProjects(tables.client, 'projects');
  stop = tables.stop;
});
afterAll(() => stop());

async function tracked(name: string): Promise<Project> {
  const project: Project = {
    name,
    appId: 'demo',
    jobId: 'app',
    desiredTag: 'latest',
    gitUrl: 'https://git.example/demo/app',
    gitBranch: 'main',
    source: 'git.example/demo/app',
    dockerfile: 'Dockerfile',
    context: '.',
    notifyEmail: ['owner@example.org'],
    dependsOn: [],
    file: 'index.d/demo.yml',
    sharesRepository: false,
    active: true,
  };
  await projects.put(project);
  return project;
}
const release = (build: string, sequence: number) => ({
  build,
  sequence,
  digest: 'sha256:0',
  tags: ['latest'],
  at: new Date().toISOString(),
});

describe('a project', () => {
  it('keeps its counts and its release when the index changes it', async () => {
    const project = await tracked('demo/app:kept');
    expect(await projects.nextSequence(project.name)).toBe(1);
    await projects.claimRelease(project.name, 'one');
    await projects.finishRelease(project.name, release('one', 1));
    await projects.put({ ...project, gitBranch: 'next' });
    expect(await projects.get(project.name)).toMatchObject({
      gitBranch: 'next',
      sequence: 1,
      released: { build: 'one' },
    });
    expect(await projects.nextSequence(project.name)).toBe(2);
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

  it('are free again when their holder died', async () => {
    const { name } = await tracked('demo/app:died');
    await projects.claimRelease(name, 'one');
    await projects.claimRelease(name, 'two', new Date(Date.now() + 3_600_000));
    expect(await projects.finishRelease(name, release('one', 1))).toBe(false);
    expect(await projects.get(name)).not.toHaveProperty('released');
  });

  it('of a project that nobody knows are nobody’s', async () => {
    await expect(projects.claimRelease('demo/app:none', 'one')).rejects.toThrow(RecordConflictError);
  });
});
