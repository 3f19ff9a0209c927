import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../../core/model/trigger.ts';
import { indexCommit, indexFile, setUpPlanBuilds } from '../plan-builds-setup.ts';

describe('a trigger that is planned after its newer one', () => {
  it('changes nothing, under whatever id and however often it comes', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const older = planning.push({ id: 'older' });
    const newer = planning.push({ id: 'newer', commit: 'c'.repeat(40) });
    for (const trigger of [newer, older, { ...older, id: 'older-again' }, newer, { ...newer, id: 'newer-again' }]) {
      await planning.plan(trigger);
    }
    expect(await planning.allBuilds()).toMatchObject([{ commit: 'c'.repeat(40), status: 'queued' }]);
  });

  it('brings no older entry of the index back', async () => {
    await using planning = await setUpPlanBuilds();
    const index: Record<string, typeof planning.files> = {
      [indexCommit('older')]: [indexFile({ app: { 'target-file': 'Old' }, gone: {} })],
      [indexCommit('newer')]: [indexFile({ app: { 'target-file': 'New' } })],
    };
    planning.filesAt = async (commit) => index[commit] ?? [];
    const [older, newer] = [planning.pushIndex('older'), planning.pushIndex('newer')];
    for (const trigger of [newer, older, { ...older, id: 'older-again' }]) await planning.plan(trigger);
    expect((await planning.projects.all()).map(({ name, dockerfile }) => [name, dockerfile])).toEqual([
      ['demo/app:latest', 'New'],
    ]);
    expect((await planning.deliveries.get('older'))?.outcome).toBe('the index is known already');
  });
});

it('hosts that do not answer keep no other entry of a push of the index waiting', async () => {
  await using planning = await setUpPlanBuilds();
  const jobs = Array.from({ length: 12 }, (_, at) => `job${at}`);
  planning.files = [indexFile(Object.fromEntries(jobs.map((job) => [job, {}])))];
  await planning.planBuilds(planning.pushIndex());
  const steps = planning.sent.splice(0);
  expect(steps).toHaveLength(jobs.length);
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const isSilent = (step: Trigger) => step.type === 'cascade-step' && step.project === 'demo/job0:latest';
  planning.host.meanwhile = () => answered;
  planning.host.set('git.example/demo/job0', 'refs/heads/main', undefined);
  const silent = steps.filter(isSilent).map((step) => planning.planBuilds(step));
  await expect.poll(() => planning.host.asked.at(-1)).toContain('git.example/demo/job0');
  for (const step of steps) if (!isSilent(step)) await planning.planBuilds(step);
  expect(planning.runs.size).toBe(jobs.length - 1);
  answer();
  await Promise.all(silent);
  expect(planning.runs.size).toBe(jobs.length - 1);
});
