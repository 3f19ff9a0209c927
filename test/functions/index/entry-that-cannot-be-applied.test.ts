import { expect, it } from 'vitest';
import { indexFile, setUpPlanBuilds } from '../plan-builds-setup.ts';

it('new entries that cannot be declared together are each declared by itself', async () => {
  await using planning = await setUpPlanBuilds();
  planning.files = [indexFile({ base: {}, one: { 'depends-on': 'demo/base:latest' } })];
  planning.dependents.declareFirst = () => Promise.reject(new Error('refused'));
  await planning.plan(planning.pushIndex());
  expect(await planning.dependents.first('demo/base:latest', 2)).toEqual(['demo/one:latest']);
});

it('an entry that cannot be applied keeps no other from being built, and is tried again', async () => {
  await using planning = await setUpPlanBuilds();
  planning.files = [indexFile({ bad: {}, good: {} })];
  const { put } = planning.projects;
  planning.projects.put = (project, from) =>
    project.jobId === 'bad' ? Promise.reject(new Error('refused')) : put(project, from);
  await expect(planning.plan(planning.pushIndex())).rejects.toThrow('refused');
  await planning.drain();
  expect((await planning.allBuilds()).map(({ project }) => project)).toEqual(['demo/good:latest']);
  expect(await planning.deliveries.get('index-1')).toBeUndefined();

  planning.projects.put = put;
  await planning.plan(planning.pushIndex());
  expect((await planning.allBuilds()).map(({ project }) => project).sort()).toEqual([
    'demo/bad:latest',
    'demo/good:latest',
  ]);
});
