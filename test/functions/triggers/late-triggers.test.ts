import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../../core/model/trigger.ts';
import { indexFile, indexPush, pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const [older, newer] = ['2026-11-21T00:00:00.000Z', '2026-11-21T00:00:01.000Z'];

describe('a trigger that is planned after its newer one', () => {
  it('is not begun', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const newCommit = 'c'.repeat(40);
    await planning.planBuilds(pushOf({ id: 'newer', receivedAt: newer, after: newCommit, commit: newCommit }));
    await planning.planBuilds(pushOf({ id: 'older', receivedAt: older }));
    const builds = (await planning.allBuilds()).toSorted((one) => (one.commit === newCommit ? -1 : 1));
    expect(builds.map(({ status }) => status)).toEqual(['queued', 'superseded']);
    expect([...planning.runs.keys()]).toEqual([builds[0]?.id]);
    expect(builds[1]).toMatchObject({ supersededBy: builds[0]?.id, stages: {} });
  });

  it('brings no older entry of the index back', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ app: { 'target-file': 'New' } })];
    await planning.planBuilds(indexPush('newer', { receivedAt: newer }));
    planning.files = [indexFile({ app: { 'target-file': 'Old' }, gone: {} })];
    await planning.planBuilds(indexPush('older', { receivedAt: older }));
    expect((await planning.projects.all()).map(({ name, dockerfile }) => [name, dockerfile])).toEqual([
      ['demo/app:latest', 'New'],
    ]);
    expect((await planning.deliveries.get('older'))?.outcome).toMatch(/ignored: a newer push/);
  });
});

it('hosts that do not answer keep no other entry of a push of the index waiting', async () => {
  await using planning = await setUpPlanBuilds();
  const jobs = Array.from({ length: 12 }, (_, at) => `job${at}`);
  planning.files = [indexFile(Object.fromEntries(jobs.map((job) => [job, {}])))];
  const { promise: answered, resolve: answer } = Promise.withResolvers<undefined>();
  planning.headOf = async (url) => (url.includes('job0') ? answered : commit);
  await planning.planBuilds(indexPush());
  const steps = planning.sent.splice(0);
  expect(steps).toHaveLength(jobs.length);
  const isSilent = (step: Trigger) => step.type === 'cascade-step' && step.project === 'demo/job0:latest';
  const silent = steps.filter(isSilent).map((step) => planning.planBuilds(step));
  for (const step of steps) if (!isSilent(step)) await planning.planBuilds(step);
  expect(planning.runs.size).toBe(jobs.length - 1);
  answer(undefined);
  await Promise.all(silent);
  expect(planning.runs.size).toBe(jobs.length - 1);
});
