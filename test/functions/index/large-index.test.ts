import { afterEach, expect, it, vi } from 'vitest';
import { setUpCascades } from '../cascade-setup.ts';
import { indexFile, setUpPlanBuilds } from '../plan-builds-setup.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** One base, and all others on it; every tenth depends on its neighbour too. */
function entries(count: number): Record<string, Record<string, string>> {
  const all: Record<string, Record<string, string>> = { base: {} };
  for (let at = 1; at < count; at++) {
    const parents = at % 10 === 0 ? `[demo/base:latest, demo/job${at - 1}:latest]` : 'demo/base:latest';
    all[`job${at}`] = { 'depends-on': parents };
  }
  return all;
}

it('an index of 130 entries, more than are written or read at once, is in force, and only its base is begun', async () => {
  await using planning = await setUpPlanBuilds();
  const jobs = Object.entries(entries(130));
  planning.files = Array.from({ length: 10 }, (_, part) =>
    indexFile(Object.fromEntries(jobs.slice(part * 13, (part + 1) * 13)), `index.d/part${part}.yml`),
  );
  await planning.plan(planning.pushIndex());
  const [cascade] = (await planning.cascades.list({ limit: 1 })).items;
  expect((await planning.cascades.summary(cascade?.id ?? ''))?.counts).toEqual({ waiting: 129, building: 1 });
  expect(planning.requests.map(({ project }) => project)).toEqual(['demo/base:latest']);
});

it('an index that takes longer than a function may run goes on by itself', async () => {
  await using planning = await setUpPlanBuilds();
  planning.files = [indexFile(entries(60))];
  vi.useFakeTimers({ toFake: ['Date'] });
  const { put } = planning.projects;
  const read: string[] = [];
  planning.filesAt = async (commit) => {
    read.push(commit);
    return planning.files;
  };
  const written: string[] = [];
  planning.projects.put = (project, from) => {
    vi.setSystemTime(Date.now() + 1500);
    written.push(project.name);
    return put(project, from);
  };
  await planning.planBuilds(planning.pushIndex());
  expect(planning.sent).toEqual([planning.pushIndex()]);
  expect(written.length).toBeLessThan(60);
  expect(await planning.deliveries.get('index-1')).toBeUndefined();
  await planning.drain();
  expect(new Set(written).size).toBe(60);
  expect(written).toHaveLength(60);
  expect(read).toHaveLength(1);
  const { items } = await planning.cascades.list({ limit: 2 });
  expect(items).toHaveLength(1);
  expect((await planning.cascades.summary(items[0]?.id ?? ''))?.counts).toEqual({ waiting: 59, building: 1 });
  expect(await planning.deliveries.get('index-1')).toMatchObject({ outcome: expect.stringContaining('60 projects') });
});

it('28 projects on one base, and 9 on those, are each built once', async () => {
  await using world = await setUpCascades();
  const parents: Record<string, string[]> = { base: [] };
  for (let at = 0; at < 28; at++) parents[`child${at}`] = ['base'];
  for (let at = 0; at < 9; at++) parents[`grandchild${at}`] = [`child${at * 3}`, `child${at * 3 + 1}`];
  await world.graph(parents, { released: false });
  await world.release('demo/base:latest', 'first');
  await world.pushed('base', 'released');
  await world.drain();
  for (const build of await world.running()) await world.finish(build, 'released');
  await world.drain();
  const counts = await world.counts();
  expect(Object.keys(counts)).toHaveLength(37);
  expect(Object.values(counts).every((count) => count === 1)).toBe(true);
});
