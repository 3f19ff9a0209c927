import { expect, it } from 'vitest';
import { createBuildQuota } from '../../../services/tables/build-quota.ts';
import { createCrashPoints } from '../crash-points.ts';
import { setUpPlanBuilds } from '../plan-builds-setup.ts';

const idOf = (at: number) => at.toString(16).padStart(16, '0');

/** A project with queued builds of as many tags, the first the oldest. */
async function setUpQuota(count: number, limits = { atOnce: 2, perHour: 1000 }) {
  const planning = await setUpPlanBuilds(createCrashPoints(), limits);
  await planning.track();
  for (let at = 1; at <= count; at++) {
    const createdAt = new Date(Date.now() - 60_000 * (count - at)).toISOString();
    await planning.queue(idOf(at), { ref: `refs/tags/v${at}`, createdAt });
  }
  const { starter, builds, runs } = planning;
  return Object.assign(planning, {
    /** The numbers of the builds that have an execution. */
    started: () => [...runs.keys()].map((id) => Number.parseInt(id, 16)),
    async resume(at: number): Promise<void> {
      await starter.resume(await builds.require(idOf(at)));
    },
    async end(at: number): Promise<void> {
      await builds.close(await builds.require(idOf(at)), 'released');
    },
  });
}

it('a project runs so many builds at once; the rest begin, the oldest first, when one has ended', async () => {
  await using world = await setUpQuota(5);
  for (const at of [1, 2, 3, 4, 5]) await world.resume(at);
  expect(world.started()).toEqual([1, 2]);
  await world.starter.startWaiting('demo/app:latest');
  expect(world.started()).toEqual([1, 2]);
  await world.end(1);
  await world.planBuilds({ type: 'build-ended', id: 'end', build: idOf(1) });
  expect(world.started()).toEqual([1, 2, 3]);
  await world.end(2);
  await world.end(3);
  await world.starter.startWaiting('demo/app:latest');
  expect(world.started()).toEqual([1, 2, 3, 4, 5]);
});

it('a project with thirty tags holds up no other', async () => {
  await using world = await setUpQuota(30);
  await world.track({ name: 'demo/other:latest', jobId: 'other' });
  const other = await world.queue(idOf(99), { project: 'demo/other:latest' });
  for (let at = 1; at <= 30; at++) await world.resume(at);
  await world.starter.resume(other);
  expect(world.started()).toEqual([1, 2, 99]);
});

it('a build whose start was cut off goes on, and takes no second part of the quota', async () => {
  await using world = await setUpQuota(2);
  await world.resume(1);
  world.runs.clear();
  await world.resume(1);
  await world.resume(2);
  expect(world.started()).toEqual([1, 2]);
});

it('no more builds begin in an hour than are allowed, whenever they end', async () => {
  await using world = await setUpQuota(0);
  const quota = createBuildQuota(world.client, 'projects', { atOnce: 10, perHour: 2 });
  const take = (build: string, time: string) => quota.take('demo/app:latest', build, new Date(`2026-11-29T${time}Z`));
  expect(await take('a', '10:00:00')).toBe(true);
  expect(await take('b', '10:59:00')).toBe(true);
  await quota.free('demo/app:latest', ['a', 'b']);
  expect(await take('c', '10:59:59')).toBe(false);
  expect(await take('c', '11:00:00')).toBe(true);
  expect(await take('c', '11:00:01')).toBe(true);
  expect([...(await quota.running('demo/app:latest'))]).toEqual(['c']);
  expect(await quota.take('no/such:project', 'd')).toBe(false);
});
