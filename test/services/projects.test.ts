import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReleaseBusyError } from '../../core/errors.ts';
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
    await projects.claimRelease(project.name, { id: 'one', sequence: 1 });
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
    expect(await projects.claimRelease(name, { id: 'one', sequence: 1 })).toBe(true);
    expect(await projects.claimRelease(name, { id: 'one', sequence: 1 })).toBe(true);
    await expect(projects.claimRelease(name, { id: 'two', sequence: 2 })).rejects.toThrow(ReleaseBusyError);
    await projects.finishRelease(name, release('one', 1));
    expect(await projects.claimRelease(name, { id: 'two', sequence: 2 })).toBe(true);
  });

  it('are never taken back by an older build', async () => {
    const { name } = await tracked('demo/app:ordered');
    await projects.claimRelease(name, { id: 'two', sequence: 2 });
    await projects.finishRelease(name, release('two', 2));
    expect(await projects.claimRelease(name, { id: 'one', sequence: 1 })).toBe(false);
    expect(await projects.claimRelease(name, { id: 'two', sequence: 2 })).toBe(true);
  });

  it('are free again when their holder died', async () => {
    const { name } = await tracked('demo/app:died');
    await projects.claimRelease(name, { id: 'one', sequence: 1 });
    expect(await projects.claimRelease(name, { id: 'two', sequence: 2 }, new Date(Date.now() + 3_600_000))).toBe(true);
    await expect(projects.finishRelease(name, release('one', 1))).rejects.toThrow();
  });
});
