import { describe, expect, it } from 'vitest';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { type CascadeSetup, setUpCascades } from '../cascade-setup.ts';
import { atEveryCrashPoint, type CrashPoints } from '../crash-points.ts';

const small = { base: [], left: ['base'], top: ['left'] };

/** `base` is released, `left` and `right` are built, `top` waits for `left`. */
async function startCascade(
  crashes?: CrashPoints,
  graph: Record<string, string[]> = { ...small, right: ['base'] },
): Promise<CascadeSetup> {
  const world = await setUpCascades(crashes);
  await world.graph(graph);
  await world.pushed('base', 'released');
  await world.drain();
  return world;
}

async function newest(world: CascadeSetup) {
  const [cascade] = (await world.cascades.list({ limit: 1 })).items;
  const id = cascade?.id ?? '';
  const { items } = await world.cascades.members(id, { limit: 100 });
  const states = Object.fromEntries(items.map(({ project, state }) => [/\/(.+):/.exec(project)?.[1], state]));
  return { id, states, summary: await world.cascades.summary(id) };
}

const cancel = (cascade: string): TriggerOf<'cancel-cascade'> => ({
  type: 'cancel-cascade',
  id: `cancel-cascade:${cascade}`,
  cascade,
  requester: 'alice@example.org',
  reason: 'the wrong base',
});

/** The ends of the builds that were cancelled are announced, as `tell` does. */
async function announceCancelled(world: CascadeSetup): Promise<void> {
  for (const { id, status } of await world.allBuilds()) if (status === 'cancelled') world.sent.push(world.ended(id));
  await world.drain();
}

describe('somebody cancels a cascade', () => {
  it('what is built is stopped, what waits is not built, and what was released stays', async () => {
    await using world = await startCascade();
    const [left] = (await world.running()).filter(({ project }) => project === world.name('left'));
    if (left) await world.finish(left, 'released');
    await world.drain();
    const { id } = await newest(world);
    await world.planBuilds(cancel(id));
    await world.drain();
    await announceCancelled(world);
    const { states, summary } = await newest(world);
    expect(states).toEqual({ left: 'released', right: 'cancelled', top: 'cancelled' });
    expect(summary).toMatchObject({ cancelled: { by: 'alice@example.org', reason: 'the wrong base' } });
    expect(summary?.endedAt).toBeDefined();
    const ends = (await world.allBuilds()).filter(({ status }) => status === 'cancelled');
    expect(new Set(ends.map(({ failure }) => failure?.message))).toEqual(
      new Set(['alice cancelled the cascade: the wrong base']),
    );
    expect(await world.running()).toEqual([]);
  });

  it('a second time, or after its end: nothing changes', async () => {
    await using world = await startCascade();
    const { id } = await newest(world);
    await world.planBuilds(cancel(id));
    await world.drain();
    await announceCancelled(world);
    const { summary } = await newest(world);
    await world.planBuilds({ ...cancel(id), id: 'cancel-cascade:again', requester: 'bob' });
    await world.drain();
    expect((await newest(world)).summary).toEqual(summary);
  });

  it('a build that sets its tags meanwhile is released, and rebuilds nothing', async () => {
    await using world = await startCascade();
    const [left] = (await world.running()).filter(({ project }) => project === world.name('left'));
    if (left) await world.builds.begin(left.id, 'release', 'releasing');
    const { id } = await newest(world);
    await world.planBuilds(cancel(id));
    await world.drain();
    if (left) await world.finish(left, 'released');
    await world.drain();
    await announceCancelled(world);
    expect((await newest(world)).states).toEqual({ left: 'released', right: 'cancelled', top: 'cancelled' });
    expect(await world.running()).toEqual([]);
  });

  it('a release after that rebuilds what depends on it, in a cascade of its own', async () => {
    await using world = await startCascade();
    const first = await newest(world);
    await world.planBuilds(cancel(first.id));
    // Before a step has ended what waits.
    const steps = world.sent.splice(0);
    await world.pushed('base', 'released', 'push-base-again');
    await world.drain();
    world.sent.push(...steps);
    await world.drain();
    await announceCancelled(world);
    const second = await newest(world);
    expect(second.id).not.toBe(first.id);
    expect(second.states).toEqual({ left: 'building', right: 'building', top: 'waiting' });
    const before = await world.cascades.summary(first.id);
    expect(before?.counts).toEqual({ cancelled: 3 });
  });

  it('and the planner crashes: all of it ends the same when it runs again', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startCascade(crashes, small);
      const { id } = await newest(world);
      const triggers = [cancel(id)];
      return {
        async run() {
          for (let [next] = triggers; next; [next] = triggers) {
            await world.planBuilds(next);
            triggers.shift();
          }
          for (let [next] = world.sent; next; [next] = world.sent) {
            await world.planBuilds(next);
            world.sent.splice(world.sent.indexOf(next), 1);
          }
        },
        async check() {
          await using _ = world;
          await announceCancelled(world);
          expect((await newest(world)).states).toEqual({ left: 'cancelled', top: 'cancelled' });
          expect(await world.running()).toEqual([]);
        },
      };
    });
  });
});
