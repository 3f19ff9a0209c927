import { describe, expect, it } from 'vitest';
import type { PlacedHold } from '../../core/model/hold.ts';
import { releasedImageSchema } from '../../core/releases/release.ts';
import { createRetryDeliveries } from '../../functions/retry-deliveries.ts';
import { imageOf, releaseOf, setUpDelivery, targetOf } from './targets/delivery-setup.ts';

const days = (count: number) => new Date(Date.now() + count * 24 * 60 * 60_000);
const held: PlacedHold = { id: 'hold:1', by: 'ann', at: '2026-11-01T00:00:00.000Z', reason: 'the fair' };

/** Staging has release 1, and production gets it after two days. */
async function setUp(known: { appeared?: number; held?: PlacedHold } = {}) {
  const production = targetOf('production', { on: 'promotion', afterHours: 48 });
  const live = await setUpDelivery([targetOf('staging'), production]);
  const project = { ...live.project, active: true, sequence: 1, held: known.held };
  const release = (number: number) =>
    releasedImageSchema.parse({
      project: live.project.name,
      digest: releaseOf(number).digest,
      repository: 'demo/app',
      build: `build${number}`,
      releasedAt: releaseOf(number).releasedAt,
      tags: new Set([`build-${number}`]),
      appeared: known.appeared,
    });
  const services = {
    projects: { get: async () => project },
    releases: { get: async () => release(1) },
    targets: live.targets,
  };
  await live.deliver(releaseOf(1));
  return {
    live,
    project,
    services,
    retry: createRetryDeliveries({ ...services, track: live.track, delivery: live.delivery }),
  };
}

describe('a promotion by time', () => {
  it('waits until its time has come, and then the target gets the release', async () => {
    const { live, retry } = await setUp();
    await using _ = live;
    expect(await retry({}, days(1))).toBe(0);
    expect(await retry({}, days(3))).toBe(1);
    expect(live.file('production/app.yaml')).toContain(imageOf(1));
    expect(await live.stateOf('production')).toMatchObject({ state: 'delivered' });
  });

  it('is given up, with the reason, if something new was found in the release meanwhile', async () => {
    const { live, retry } = await setUp({ appeared: 2 });
    await using _ = live;
    await retry({}, days(3));
    const { state, error } = (await live.stateOf('production')) ?? {};
    expect([state, error]).toEqual(['failed', expect.stringContaining('2 findings are new')]);
    expect(live.notified).toMatchObject([{ target: 'production', state: 'failed' }]);
  });

  it('waits while releases of the project are held, says so, and goes on when the hold has ended', async () => {
    const { live, project, retry } = await setUp({ held });
    await using _ = live;
    await retry({}, days(3));
    const { state, error } = (await live.stateOf('production')) ?? {};
    expect([state, error]).toEqual(['waiting', 'Releases are held by ann: the fair.']);
    expect(live.file('production/app.yaml')).not.toContain(imageOf(1));
    project.held = undefined;
    await retry({}, days(4));
    expect(await live.stateOf('production')).toMatchObject({ state: 'delivered' });
    expect((await live.stateOf('production'))?.error).toBeUndefined();
  });
});

it('delivers what a command calls for, and nothing else that is due', async () => {
  const { live, retry } = await setUp();
  await using _ = live;
  const called = { project: live.project.name, target: 'production' };
  expect(await retry(called)).toBe(0);
  expect(await live.stateOf('production')).toMatchObject({ state: 'waiting' });
  expect(await retry({ ...called, target: 'nowhere' }, days(3))).toBe(0);
  await live.track.request(live.project.name, { target: 'production', kind: 'manifest' }, releaseOf(1), {
    call: { type: 'promotion', by: 'ann' },
  });
  expect(await retry(called)).toBe(1);
  expect(live.file('production/app.yaml')).toContain(imageOf(1));
});

it('tries the other projects where something is wrong with one, and says so at the end', async () => {
  const { live, project, services } = await setUp();
  await using _ = live;
  const call = { type: 'promotion', by: 'ann' } as const;
  for (const name of ['demo/a-broken:latest', project.name]) {
    await live.track.request(name, { target: 'production', kind: 'manifest' }, releaseOf(1), { call });
  }
  const retry = createRetryDeliveries({
    ...services,
    projects: { get: async (name) => ({ ...project, name }) },
    track: live.track,
    delivery: {
      async retry(owner, states) {
        if (owner.name !== project.name) throw new Error('broken');
        await live.delivery.retry(owner, states);
      },
    },
  });
  await expect(retry({}, days(1))).rejects.toThrow('broken');
  expect(live.file('production/app.yaml')).toContain(imageOf(1));
});
