import { describe, expect, it } from 'vitest';
import { numbers } from '../../core/numbers.ts';
import { type CascadeSetup, setUpCascades } from '../cascade-setup.ts';
import { atEveryCrashPoint } from '../crash-points.ts';

const diamond = { base: [], left: ['base'], right: ['base'], top: ['left', 'right'] };

/** Lets every build end as given, until nothing runs. Gives the jobs in the order in which they were begun. */
async function runToEnd(
  world: CascadeSetup,
  statusOf: (job: string) => 'released' | 'unchanged' | 'failed' | 'blocked',
) {
  const order: string[] = [];
  await world.drain();
  for (;;) {
    const running = await world.running();
    const build = running.at(-1);
    if (!build) return order;
    const job = /^demo\/(.+):latest$/.exec(build.project)?.[1] ?? '';
    order.push(job);
    await world.finish(build, statusOf(job));
    await world.drain();
  }
}

describe('when an image is released', () => {
  it('each project that depends on it is rebuilt once, after its own parents', async () => {
    await using world = await setUpCascades();
    await world.graph(diamond);
    await world.pushed('base', 'released');
    await world.drain();
    expect((await world.running()).map(({ project }) => project).sort()).toEqual([
      'demo/left:latest',
      'demo/right:latest',
    ]);
    const order = await runToEnd(world, () => 'released');
    expect(order).toHaveLength(3);
    expect(order.at(-1)).toBe('top');
    expect(await world.counts()).toEqual({ left: 1, right: 1, top: 1 });
    const top = (await world.allBuilds()).find(({ project }) => project === 'demo/top:latest');
    expect(top?.cause).toEqual({ type: 'parent-released', parents: ['demo/left:latest', 'demo/right:latest'] });
  });

  it('it is seen as one thing', async () => {
    await using world = await setUpCascades();
    await world.graph(diamond);
    await world.pushed('base', 'released');
    await runToEnd(world, () => 'released');
    const { items } = await world.cascades.list({ limit: 10 });
    expect(items).toHaveLength(1);
    const id = items[0]?.id ?? '';
    expect(await world.cascades.summary(id)).toMatchObject({
      causes: [{ cause: { type: 'parent-released', parents: ['demo/base:latest'] } }],
      counts: { released: 3 },
      endedAt: expect.any(String),
    });
    expect((await world.cascades.members(id, { limit: 10 })).items).toMatchObject([
      { project: 'demo/left:latest', state: 'released', root: true, build: expect.any(String) },
      { project: 'demo/right:latest', state: 'released', root: true },
      {
        project: 'demo/top:latest',
        state: 'released',
        root: false,
        parents: ['demo/left:latest', 'demo/right:latest'],
      },
    ]);
    expect((await world.allBuilds()).filter(({ cascade }) => cascade === id)).toHaveLength(3);
  });

  it('a parent that fails takes its descendants with it, and says so; its later success rebuilds them', async () => {
    await using world = await setUpCascades();
    await world.graph({ ...diamond, roof: ['top'], aside: ['right'] });
    await world.pushed('base', 'released');
    await runToEnd(world, (job) => (job === 'left' ? 'failed' : 'released'));
    expect(await world.counts()).toEqual({ left: 1, right: 1, aside: 1 });
    const skipped = (await world.allBuilds()).filter(({ status }) => status === 'cancelled');
    expect(skipped.map(({ project }) => project).sort()).toEqual(['demo/roof:latest', 'demo/top:latest']);
    expect(skipped.find(({ project }) => project === 'demo/top:latest')?.failure).toEqual({
      error: 'ParentFailedError',
      message: 'Not built, because its parent demo/left:latest failed.',
    });
    await world.pushed('left', 'released');
    await runToEnd(world, () => 'released');
    expect(await world.counts()).toEqual({ left: 1, right: 1, aside: 1, top: 1, roof: 1 });
  });

  it('nobody follows a private image without leave: a Dockerfile that guesses its name tells nothing of its releases', async () => {
    await using world = await setUpCascades();
    await world.trackJob('base', [], { visibility: 'private' });
    await world.trackJob('vault', ['base'], { visibility: 'private' });
    await world.trackJob('curious', ['base']);
    for (const job of ['base', 'vault', 'curious']) await world.release(world.name(job), `first-${job}`);
    await world.pushed('base', 'released');
    await runToEnd(world, () => 'released');
    expect(await world.counts()).toEqual({ vault: 1 });
  });

  it('what none of whose parents was released anew is not built', async () => {
    await using world = await setUpCascades();
    await world.graph(diamond);
    await world.pushed('base', 'released');
    await runToEnd(world, () => 'unchanged');
    expect(await world.counts()).toEqual({ left: 1, right: 1 });
    const [cascade] = (await world.cascades.list({ limit: 1 })).items;
    expect((await world.cascades.summary(cascade?.id ?? ''))?.counts).toEqual({ unchanged: 2, 'not-needed': 1 });
  });

  it('a release in the middle of it joins it, and is answered once more where a build runs already', async () => {
    await using world = await setUpCascades();
    await world.graph(diamond);
    await world.pushed('base', 'released', 'push-1');
    await world.drain();
    const left = (await world.running()).find(({ project }) => project === 'demo/left:latest');
    if (!left) throw new Error('left is not built.');
    await world.pushed('base', 'released', 'push-2');
    await world.drain();
    await world.finish(left, 'released');
    const order = await runToEnd(world, () => 'released');
    expect(order.filter((job) => job === 'top')).toHaveLength(1);
    expect(await world.counts()).toEqual({ left: 2, right: 2, top: 1 });
    expect((await world.cascades.list({ limit: 10 })).items).toHaveLength(1);
  });

  it('a cycle is gone through once', async () => {
    await using world = await setUpCascades();
    await world.graph({ a: ['c'], b: ['a'], c: ['b'] });
    await world.pushed('a', 'released');
    await runToEnd(world, () => 'released');
    expect(await world.counts()).toEqual({ b: 1, c: 1 });
  });

  it('each is built once, wherever a planner crashed and however the queue is ordered', async () => {
    const random = numbers(1);
    await atEveryCrashPoint(async (crashes) => {
      const world = await setUpCascades(crashes);
      await world.graph(diamond);
      const trigger = world.ended('push-base');
      await world.pushed('base', 'released');
      world.sent.length = 0;
      return {
        run: () => world.planBuilds(trigger),
        async check() {
          await using _ = world;
          await world.drain((length) => random(length));
          await runToEnd(world, () => 'released');
          expect(await world.counts()).toEqual({ left: 1, right: 1, top: 1 });
          expect((await world.cascades.list({ limit: 10 })).items).toHaveLength(1);
        },
      };
    });
  });

  it.each(['released', 'failed'] as const)('a step that crashes during a %s parent is done again', async (status) => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await setUpCascades(crashes);
      await world.graph({ base: [], left: ['base'], top: ['left'] });
      await world.pushed('base', 'released');
      await world.drain();
      for (const build of await world.running()) await world.finish(build, status);
      const triggers = world.sent.splice(0);
      let done = 0;
      return {
        async run() {
          for (; done < triggers.length; done++) await world.planBuilds(triggers[done] as (typeof triggers)[0]);
          // The queue as one process works it off: a message that it crashes during comes again.
          for (let [next] = world.sent; next; [next] = world.sent) {
            await world.planBuilds(next);
            world.sent.splice(world.sent.indexOf(next), 1);
          }
        },
        async check() {
          await using _ = world;
          await runToEnd(world, () => 'released');
          expect(await world.counts()).toEqual({ left: 1, ...(status === 'released' ? { top: 1 } : {}) });
        },
      };
    });
  });
});
