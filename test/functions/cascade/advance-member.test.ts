import { describe, expect, it } from 'vitest';
import { receive } from '../../../core/cascade/rebuild-state.ts';
import type { Build, Cause } from '../../../core/model/build.ts';
import { type CascadeSetup, setUpCascades } from '../cascade-setup.ts';
import { indexFile } from '../plan-builds-setup.ts';
import { digest } from '../services-setup.ts';

const chain = { base: [], left: ['base'], top: ['left'] };

async function runningBuild(world: CascadeSetup, job: string): Promise<Build> {
  const build = (await world.running()).find(({ project }) => project === world.name(job));
  if (!build) throw new Error(`${job} is not built.`);
  return build;
}

/** A cascade whose `left` is being built. */
async function startChain(): Promise<CascadeSetup> {
  const world = await setUpCascades();
  await world.graph(chain);
  await world.pushed('base', 'released');
  await world.drain();
  return world;
}

async function story(world: CascadeSetup, job: string) {
  const [cascade] = (await world.cascades.list({ limit: 1 })).items;
  const { items } = await world.cascades.members(cascade?.id ?? '', { limit: 100 });
  return items.find(({ project }) => project === world.name(job));
}

describe('a build of a cascade that a push superseded', () => {
  it('is answered by the build of the push', async () => {
    await using world = await startChain();
    const left = await runningBuild(world, 'left');
    const pushed = await world.queue('push-left', { project: world.name('left'), status: 'building' });
    await world.builds.close(left, 'superseded', { supersededBy: pushed.id });
    world.sent.push(world.ended(left.id));
    await world.drain();
    expect(await story(world, 'top')).toMatchObject({ state: 'waiting' });
    await world.finish(pushed, 'released');
    await world.drain();
    expect(await story(world, 'left')).toMatchObject({ state: 'released', build: 'push-left' });
    expect((await runningBuild(world, 'top')).cause).toEqual({
      type: 'parent-released',
      parents: [world.name('left')],
    });
    expect(await world.counts()).toEqual({ left: 1, top: 1 });
  });

  it('is answered by it although its end came first', async () => {
    await using world = await startChain();
    const left = await runningBuild(world, 'left');
    const pushed = await world.queue('push-left', { project: world.name('left'), status: 'building' });
    await world.builds.close(left, 'superseded', { supersededBy: pushed.id });
    await world.finish(pushed, 'released');
    await world.drain();
    const top = await runningBuild(world, 'top');
    world.sent.push(world.ended(left.id));
    await world.drain();
    await world.finish(top, 'released');
    await world.drain();
    expect(await world.counts()).toEqual({ left: 1, top: 1 });
  });

  it('is begun again if the push was built before the parent was released', async () => {
    await using world = await startChain();
    const left = await runningBuild(world, 'left');
    const createdAt = new Date(Date.now() - 60_000).toISOString();
    const pushed = await world.queue('push-left', { project: world.name('left'), createdAt });
    await world.builds.close(left, 'superseded', { supersededBy: pushed.id });
    world.sent.push(world.ended(left.id));
    await world.drain();
    expect((await world.counts()).left).toBe(2);
  });
});

describe('a project of a cascade', () => {
  it('that left the index while it waited is not built, and keeps nobody waiting', async () => {
    await using world = await startChain();
    const top = await world.projects.get(world.name('top'));
    if (top) await world.projects.put({ ...top, active: false });
    await world.finish(await runningBuild(world, 'left'), 'released');
    await world.drain();
    expect(await story(world, 'top')).toMatchObject({ state: 'not-needed', reason: 'The project has left the index.' });
  });

  it('that waits for another which waits for it is built when nothing moves, and the other after it', async () => {
    await using world = await setUpCascades();
    await world.graph({ a: ['b'], b: ['a'] });
    const at = new Date().toISOString();
    const cause: Cause = { type: 'schedule', schedule: 'rate(1 day)' };
    const hears = (job: string, id: string, parents: string[]) =>
      world.rebuilds.change(world.name(job), (state) =>
        receive(state, { id, cascade: 'c', at, parents: parents.map(world.name), cause }),
      );
    await hears('a', 'one', ['b']);
    await hears('b', 'one', []);
    await hears('b', 'two', ['a']);
    await hears('a', 'two', []);
    const step = { type: 'cascade-step', id: 'step', project: world.name('a') } as const;
    await world.plan({ ...step, cascade: 'c' });
    expect(await world.running()).toEqual([]);
    await world.plan({ ...step, cascade: 'stalled' });
    await world.finish(await runningBuild(world, 'a'), 'released');
    await world.drain();
    expect((await world.running()).map(({ project }) => project)).toEqual([world.name('b')]);
  });

  it('that depends on a version tag is rebuilt for that version alone', async () => {
    await using world = await setUpCascades();
    await world.graph({ base: [], old: [] });
    await world.dependents.observe(world.name('old'), [{ image: 'demo/base:1.2', digest }]);
    await world.pushed('base', 'released', 'push-1');
    await world.drain();
    expect(await world.running()).toEqual([]);
    const tagged = await world.queue('push-2', { project: world.name('base'), ref: 'refs/tags/v1.2.3' });
    const image = { repository: 'registry.example/demo/base', digest, tags: ['1.2.3', '1.2', '1'] };
    await world.builds.close(tagged, 'released', { image });
    await world.planBuilds(world.ended('push-2'));
    await world.drain();
    expect((await runningBuild(world, 'old')).cause).toEqual({ type: 'parent-released', parents: ['demo/base:1.2'] });
  });

  it('that was left out is built when its parent turns out to be what it was', async () => {
    await using world = await startChain();
    await world.finish(await runningBuild(world, 'left'), 'failed');
    await world.drain();
    expect(await story(world, 'top')).toMatchObject({ state: 'skipped', build: expect.any(String) });
    await world.pushed('left', 'unchanged', 'push-left');
    await world.drain();
    expect(await world.counts()).toEqual({ left: 1, top: 1 });
  });

  it('has its updates as its cause, and built without the layers that have the old packages; what depends on it is not', async () => {
    await using world = await setUpCascades();
    await world.graph(chain);
    await world.planBuilds({
      type: 'packages-changed',
      id: 'packages:demo/left:latest:1',
      project: world.name('left'),
      updates: [{ package: 'openssl', installed: '3.0.1', available: '3.0.2' }],
      total: 1,
    });
    await world.drain();
    const left = await runningBuild(world, 'left');
    expect(left).toMatchObject({
      noCache: true,
      cause: { type: 'packages-changed', updates: ['openssl 3.0.1 → 3.0.2'], total: 1 },
    });
    await world.finish(left, 'released');
    await world.drain();
    expect((await runningBuild(world, 'top')).noCache).toBeUndefined();
  });
});

describe('a push of the index', () => {
  const child = { 'depends-on': 'demo/parent:latest' };

  it('leaves out a child whose parent was never released, and the first release builds it', async () => {
    await using world = await setUpCascades();
    world.host.set('git.example/demo/parent', 'refs/heads/main', undefined);
    world.files = [indexFile({ parent: {}, child })];
    await world.plan(world.pushIndex());
    expect(await story(world, 'parent')).toMatchObject({
      state: 'skipped',
      reason: 'There is no branch main. Its first push is built.',
    });
    expect((await world.allBuilds()).map(({ project, status }) => [project, status])).toEqual([
      ['demo/child:latest', 'cancelled'],
    ]);
    await world.pushed('parent', 'released');
    await world.drain();
    expect((await world.running()).map(({ project }) => project)).toEqual(['demo/child:latest']);
  });

  it('leaves out a new child of an entry that has yet to be released', async () => {
    await using world = await setUpCascades();
    world.files = [indexFile({ parent: {} })];
    await world.plan(world.pushIndex('index-1'));
    await world.finish(await runningBuild(world, 'parent'), 'failed');
    await world.drain();
    world.files = [indexFile({ parent: {}, child })];
    await world.plan(world.pushIndex('index-2'));
    const skipped = (await world.allBuilds()).find(({ status }) => status === 'cancelled');
    expect(skipped?.failure).toEqual({
      error: 'ParentMissingError',
      message: 'Not built, because demo/parent:latest has never been released.',
    });
  });

  it('builds a new entry whose host cannot be reached when the host is back, and nobody waits for it', async () => {
    await using world = await setUpCascades();
    world.host.down.add('git.example/demo/parent');
    world.files = [indexFile({ parent: {}, other: {} })];
    await world.plan(world.pushIndex());
    expect(await story(world, 'parent')).toMatchObject({
      state: 'skipped',
      reason: 'git.example/demo/parent cannot be reached.',
    });
    expect((await world.running()).map(({ project }) => project)).toEqual(['demo/other:latest']);
  });

  it('rebuilds what depends on a changed entry, after it', async () => {
    await using world = await setUpCascades();
    const entries = { base: {}, left: { 'depends-on': 'demo/base:latest' }, top: { 'depends-on': 'demo/left:latest' } };
    world.files = [indexFile(entries)];
    await world.plan(world.pushIndex('index-1'));
    for (const job of ['base', 'left', 'top']) {
      await world.finish(await runningBuild(world, job), 'released');
      await world.drain();
    }
    world.files = [indexFile({ ...entries, left: { ...entries.left, 'target-file': 'Other' } })];
    await world.plan(world.pushIndex('index-2'));
    expect((await world.running()).map(({ project }) => project)).toEqual([world.name('left')]);
    await world.finish(await runningBuild(world, 'left'), 'released');
    await world.drain();
    expect((await world.running()).map(({ project }) => project)).toEqual([world.name('top')]);
  });

  it('that is applied beside a newer one takes nothing of it back', async () => {
    await using world = await setUpCascades();
    await world.track({ name: world.name('one'), jobId: 'one', dockerfile: 'Newer' });
    const project = await world.projects.get(world.name('one'));
    if (project) await world.projects.put(project, { indexRevision: 2 });
    await world.dependents.declare(world.name('one'), ['demo/newer:latest']);
    world.files = [indexFile({ one: { 'target-file': 'Older', 'depends-on': 'demo/older:latest' } })];
    await world.plan(world.pushIndex('older'));
    expect(await world.projects.get(world.name('one'))).toMatchObject({ dockerfile: 'Newer', indexRevision: 2 });
    expect(await world.dependents.of('demo/older:latest')).toEqual([]);
  });

  it('that brings a parent into the index has its children follow it, and no longer the image from outside', async () => {
    await using world = await setUpCascades();
    world.files = [indexFile({ child })];
    await world.plan(world.pushIndex('index-1'));
    expect(await world.dependents.of('docker.io/demo/parent:latest')).toHaveLength(1);
    world.files = [indexFile({ child, parent: {} })];
    await world.plan(world.pushIndex('index-2'));
    expect(await world.dependents.of('docker.io/demo/parent:latest')).toEqual([]);
    expect(await world.dependents.of('demo/parent:latest')).toHaveLength(1);
  });
});
