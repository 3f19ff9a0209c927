import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../core/model/build.ts';
import { createProjectQuota } from '../../../functions/builds/project-quota.ts';
import { createWaitForAttempt } from '../../../functions/builds/wait-for-attempt.ts';
import { createGoOn } from '../../../functions/go-on.ts';
import { createBuildQuota } from '../../../services/tables/build-quota.ts';
import { createBuildsInFlight } from '../../../services/tables/builds-in-flight.ts';
import { createCrashPoints } from '../crash-points.ts';
import { setUpPlanBuilds } from '../plan-builds-setup.ts';

const idOf = (at: number) => at.toString(16).padStart(16, '0');

/** A project with queued builds of as many tags, the first the oldest. */
async function setUpQuota(count: number, inFlight = 0, limits = { atOnce: 2, perHour: 1000, inFlight }) {
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
    /** The end of a build is noticed. */
    async endOf(at: number): Promise<void> {
      await starter.startAfter(await builds.require(idOf(at)));
    },
  });
}

it('a project runs so many builds at once; the rest begin, the oldest first, when one has ended', async () => {
  await using world = await setUpQuota(5);
  for (const at of [1, 2, 3, 4, 5]) await world.resume(at);
  expect(world.started()).toEqual([1, 2]);
  await world.endOf(1);
  expect(world.started()).toEqual([1, 2]);
  await world.end(1);
  await world.planBuilds({ type: 'build-ended', id: 'end', build: idOf(1) });
  expect(world.started()).toEqual([1, 2, 3]);
  await world.end(2);
  await world.end(3);
  await world.endOf(3);
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

it('of all projects so many builds are in flight; projects take turns when one has ended', async () => {
  await using world = await setUpQuota(4, 3);
  await world.track({ name: 'demo/other:latest', jobId: 'other' });
  for (const at of [98, 99]) {
    const other = await world.queue(idOf(at), { project: 'demo/other:latest', ref: `refs/tags/v${at}` });
    if (at === 98) await world.starter.resume(other);
  }
  for (const at of [1, 2, 3, 4]) await world.resume(at);
  expect(world.started()).toEqual([98, 1, 2]);
  await world.end(1);
  await world.endOf(1);
  // Both projects have one in flight: the oldest begins.
  expect(world.started()).toEqual([98, 1, 2, 3]);
  await world.end(2);
  await world.endOf(2);
  await world.endOf(2);
  expect(world.started()).toEqual([98, 1, 2, 3, 4]);
  await world.end(98);
  await world.endOf(98);
  expect(world.started()).toEqual([98, 1, 2, 3, 4, 99]);
});

it('what people pushed begins before the builds of a cascade, and leaves these one place', async () => {
  await using world = await setUpQuota(0, 2);
  const cause: Cause = { type: 'parent-released', parents: ['demo/base:latest'] };
  for (const at of [1, 2, 3, 4]) {
    const { name } = await world.track({ name: `demo/job${at}:latest`, jobId: `job${at}` });
    await world.starter.resume(await world.queue(idOf(at), { project: name, cause }));
  }
  for (const at of [98, 99]) await world.starter.resume(await world.queue(idOf(at), { ref: `refs/tags/v${at}` }));
  expect(world.started()).toEqual([1, 2]);
  for (const at of [1, 2, 98, 3, 99]) {
    await world.end(at);
    await world.endOf(at);
  }
  expect(world.started()).toEqual([1, 2, 98, 3, 99, 4]);
});

it('a build that waited for room until its cascade was cancelled does not begin; the next one does', async () => {
  await using world = await setUpQuota(0, 1);
  const cause: Cause = { type: 'parent-released', parents: ['demo/base:latest'] };
  const at = new Date().toISOString();
  for (const cascade of ['stopped', 'other']) await world.cascades.recordEvent(cascade, { id: '1', cause, at });
  for (const [number, cascade] of [
    [1, 'stopped'],
    [2, 'stopped'],
    [3, 'other'],
  ] as const) {
    const { name } = await world.track({ name: `demo/job${number}:latest`, jobId: `job${number}` });
    await world.starter.resume(await world.queue(idOf(number), { project: name, cause, cascade }));
  }
  await world.cascades.cancel('stopped', { by: 'alice@example.org', at, reason: 'the wrong base' });
  await world.end(1);
  await world.endOf(1);
  const waited = await world.builds.require(idOf(2));
  expect(waited.status).toBe('cancelled');
  expect(waited.failure?.message).toBe('alice cancelled the cascade: the wrong base');
  await world.endOf(2);
  const next = await world.builds.require(idOf(3));
  expect(next.status).toBe('queued');
  expect(world.started()).toContain(3);
});

it('a project that may run no more takes no place from others', async () => {
  await using world = await setUpQuota(5, 3);
  await world.track({ name: 'demo/other:latest', jobId: 'other' });
  const other = await world.queue(idOf(99), { project: 'demo/other:latest' });
  for (const at of [1, 2, 3]) await world.resume(at);
  expect(world.started()).toEqual([1, 2]);
  await world.starter.resume(other);
  expect(world.started()).toEqual([1, 2, 99]);
});

it('a build that has a place and whose start was cut off is started with the next one', async () => {
  await using world = await setUpQuota(3, 2);
  await world.resume(1);
  await world.resume(2);
  world.runs.delete(idOf(2));
  await world.end(1);
  await world.endOf(1);
  expect(world.started()).toEqual([1, 2, 3]);
});

it('the places of builds whose end was not noticed are found again', async () => {
  await using world = await setUpQuota(3, 1);
  for (const at of [1, 2, 3]) await world.resume(at);
  await world.end(1);
  const waits = await world.starter.startOverdue();
  expect(world.started()).toEqual([1, 2]);
  expect(waits(await world.builds.require(idOf(3)))).toBe(true);
  expect(waits(await world.builds.require(idOf(2)))).toBe(false);
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

describe('a build that waits for its base image', () => {
  const busy = { outcome: 'failed', error: 'BaseLimitedError', message: 'The registry is busy.' } as const;

  /** Two of three builds run, and the first one's base is not available. */
  async function setUpWaiting(count = 3) {
    const world = await setUpQuota(count);
    const quota = createBuildQuota(world.client, 'projects', { atOnce: 2, perHour: 1000 });
    const inFlight = createBuildsInFlight(world.client, 'heads', 0);
    const wait = createWaitForAttempt({ ...world, quota, inFlight });
    const goOn = createGoOn({ ...world, quota: createProjectQuota({ ...world, quota, inFlight }) });
    for (let at = 1; at <= count; at++) await world.resume(at);
    return Object.assign(world, {
      running: async () => [...(await quota.running('demo/app:latest'))].map((id) => Number.parseInt(id, 16)).sort(),
      async waits(at: number): Promise<void> {
        world.results.set(idOf(at), busy);
        expect(await wait(idOf(at), { Error: 'States.TaskFailed', Cause: '{}' })).toBeGreaterThan(0);
      },
      goesOn: async (at: number) => (await goOn({ build: idOf(at) })).outcome === 'build',
    });
  }

  it('gives its part of the quota to the next one, and is not begun a second time', async () => {
    await using world = await setUpWaiting();
    await world.waits(1);
    expect(await world.running()).toEqual([2]);
    await world.endOf(1);
    await world.resume(1);
    expect(await world.running()).toEqual([2, 3]);
    expect(world.started()).toEqual([1, 2, 3]);
  });

  it('goes on although new builds have all the places, so that a busy project does not keep it waiting for ever', async () => {
    await using world = await setUpWaiting();
    await world.waits(1);
    await world.endOf(1);
    expect(await world.goesOn(1)).toBe(true);
    expect(await world.goesOn(1)).toBe(true);
    expect(await world.running()).toEqual([1, 2, 3]);
  });

  it('does not get a project past its limit: of many that wake at once, some wait longer', async () => {
    await using world = await setUpWaiting(9);
    for (let at = 1; at <= 9; at++) {
      await world.waits(at);
      await world.endOf(at);
    }
    expect(await world.running()).toEqual([]);
    const went = [];
    for (let at = 1; at <= 9; at++) if (await world.goesOn(at)) went.push(at);
    expect(went).toEqual([1, 2, 3, 4]);
    await world.end(2);
    expect(await world.goesOn(5)).toBe(true);
    expect(await world.goesOn(6)).toBe(false);
  });
});
