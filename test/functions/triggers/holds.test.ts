import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { daysAfter } from '../../../core/time/day.ts';
import { createEndHolds } from '../../../functions/end-holds.ts';
import { setUpCascades } from '../cascade-setup.ts';
import { atEveryCrashPoint } from '../crash-points.ts';
import { indexFile, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit, digest, silentLogger } from '../services-setup.ts';

const name = 'demo/app:latest';
type World = Awaited<ReturnType<typeof setUpPlanBuilds>>;

let count = 0;
const hold = (over: Partial<TriggerOf<'hold'>> = {}): TriggerOf<'hold'> => {
  count += 1;
  return { type: 'hold', id: `hold:${count}`, project: name, because: 'command', requester: 'alice', ...over };
};
const unhold = (over: Partial<TriggerOf<'unhold'>> = {}): TriggerOf<'unhold'> => {
  count += 1;
  return { type: 'unhold', id: `unhold:${count}`, project: name, because: 'command', requester: 'bob', ...over };
};

/** A push whose build passes and is held. */
async function heldPush(world: World, to = commit): Promise<Build> {
  await world.plan(world.push({ id: `push of ${to}`, commit: to }));
  const build = (await world.allBuilds()).find((each) => each.commit === to && each.status === 'queued');
  if (!build) throw new Error('Nothing was built.');
  const closed = await world.builds.close(build, 'unchanged', { held: { by: 'alice' } });
  if (!closed) throw new Error('It has ended.');
  return closed;
}

const unheldOf = async (world: World) => (await world.allBuilds()).filter(({ cause }) => cause.type === 'unheld');
const changesOf = async (world: World) => (await world.holds.ofProject(name, { limit: 10 })).items;

describe('a hold', () => {
  it('is recorded with who, until when and why, and people are notified of it', async () => {
    await using world = await setUpPlanBuilds();
    await world.track();
    const asked = hold({ until: '2099-12-31', reason: 'the fair' });
    await world.plan(asked);
    expect((await world.projects.get(name))?.held).toMatchObject({
      by: 'alice',
      until: '2099-12-31',
      reason: 'the fair',
    });
    expect(await changesOf(world)).toMatchObject([{ id: asked.id, action: 'held', by: 'alice', reason: 'the fair' }]);
    expect(world.mails).toMatchObject([{ to: ['owner@example.org'], mail: { subject: `[slipway] HELD: ${name}` } }]);
  });

  it('sends no mail to people who want none', async () => {
    await using world = await setUpPlanBuilds();
    await world.track({ notify: [] });
    await world.plan(hold());
    expect([world.mails, (await changesOf(world)).length]).toEqual([[], 1]);
  });
});

describe('the end of a hold', () => {
  it('has the candidate judged again that has waited, by a build of its own that builds nothing', async () => {
    await using world = await setUpPlanBuilds();
    await world.track();
    await world.plan(hold());
    const held = await heldPush(world);
    await world.plan(unhold({ reason: 'fixed' }));
    const [build, ...more] = await unheldOf(world);
    expect(more).toEqual([]);
    expect(build).toMatchObject({ commit, cause: { requester: 'bob', reason: 'fixed', candidateOf: held.id } });
    expect(world.runs.get(build?.id ?? '')).toBe('running');
    // Only the first build has a request to the builder.
    expect(world.requests.map(({ id }) => id)).toEqual([held.id]);
    expect(await world.heads.get(name, 'refs/heads/main')).toMatchObject({ build: build?.id });
    expect((await changesOf(world))[0]).toMatchObject({ action: 'unheld', by: 'bob', builds: [build?.id] });
  });

  it('comes to the same wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await setUpPlanBuilds(crashes);
      await world.track();
      await world.projects.hold(name, { id: 'hold:x', by: 'alice', at: new Date().toISOString() });
      const held = await heldPush(world);
      const asked = unhold();
      return {
        run: () => world.planBuilds(asked),
        async check() {
          await using _ = world;
          expect(await world.projects.get(name)).not.toHaveProperty('held');
          const [build, ...more] = await unheldOf(world);
          expect(more).toEqual([]);
          expect(build?.cause).toMatchObject({ candidateOf: held.id });
          expect(world.runs.get(build?.id ?? '')).toBe('running');
          expect(await changesOf(world)).toMatchObject([{ action: 'unheld', builds: [build?.id] }]);
        },
      };
    });
  });

  it('releases only the newest of a ref: a newer head is released by its own build', async () => {
    await using world = await setUpPlanBuilds();
    await world.track();
    await world.plan(hold());
    await heldPush(world);
    await world.plan(world.push({ id: 'newer', commit: 'b'.repeat(40) }));
    await world.plan(unhold());
    expect(await unheldOf(world)).toEqual([]);
  });

  it('builds the commit once more if the registry has no candidate any more', async () => {
    await using world = await setUpPlanBuilds();
    await world.track();
    const createdAt = new Date(Date.now() - 20 * 86_400_000).toISOString();
    const held = await world.queue('c'.repeat(16), { createdAt });
    await world.builds.close(held, 'unchanged', { held: { by: 'alice' } });
    await world.heads.advance({ project: name, ref: held.ref }, undefined, { commit, build: held.id });
    await world.plan(unhold());
    const [build] = await unheldOf(world);
    expect(build?.cause).not.toHaveProperty('candidateOf');
    expect(world.requests.map(({ id }) => id)).toEqual([build?.id]);
  });

  it('releases nothing as long as the entry holds too', async () => {
    await using world = await setUpPlanBuilds();
    await world.track({ hold: { reason: 'x' } });
    await world.plan(hold());
    await heldPush(world);
    await world.plan(unhold());
    expect(await unheldOf(world)).toEqual([]);
    expect(await world.projects.get(name)).not.toHaveProperty('held');
  });
});

describe('the last day of a hold', () => {
  const today = '2026-11-29';
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${today}T12:00:00Z`) }));
  afterEach(() => void vi.useRealTimers());

  it('ends it the day after, and releases what has waited, once', async () => {
    await using world = await setUpPlanBuilds();
    await world.track();
    await world.plan(hold({ until: today }));
    await heldPush(world);
    const endHolds = createEndHolds({ holds: world.holds, triggers: world.triggers, logger: silentLogger });
    expect(await endHolds(new Date())).toBe(0);
    const tomorrow = new Date(`${daysAfter(today, 1)}T00:00:00Z`);
    expect([await endHolds(tomorrow), await endHolds(tomorrow)]).toEqual([1, 0]);
    expect(world.sent).toMatchObject([{ type: 'unhold', because: 'date', project: name }]);
    // Here it is still the day before: the planner looks itself.
    await world.drain();
    expect((await world.projects.get(name))?.held).toBeDefined();
  });

  it('means nothing once the hold was prolonged', async () => {
    await using world = await setUpPlanBuilds();
    await world.track();
    await world.plan(hold({ until: daysAfter(today, -1) }));
    await world.plan(hold({ until: daysAfter(today, 5) }));
    await world.plan(unhold({ because: 'date' }));
    expect((await world.projects.get(name))?.held?.until).toBe(daysAfter(today, 5));
  });

  it('has passed: what has waited is released', async () => {
    await using world = await setUpPlanBuilds();
    await world.track();
    await world.plan(hold({ until: daysAfter(today, -1) }));
    await heldPush(world);
    await world.plan(unhold({ because: 'date' }));
    expect(await unheldOf(world)).toHaveLength(1);
    expect(await world.projects.get(name)).not.toHaveProperty('held');
  });
});

it('a rollback rebuilds the projects that are based on the image; a release that is held rebuilds none', async () => {
  await using world = await setUpCascades();
  await world.graph({ base: [], child: ['base'] });
  const held = await world.queue('d'.repeat(16), { project: world.name('base') });
  await world.builds.close(held, 'unchanged', { held: { by: 'alice' } });
  await world.plan(world.ended(held.id));
  expect(await world.counts()).not.toHaveProperty('child');
  const rollback = await world.queue('e'.repeat(16), {
    project: world.name('base'),
    cause: { type: 'rollback', requester: 'alice', from: digest, to: digest },
  });
  const image = { repository: 'registry.example/demo/base', digest, tags: ['latest', 'main'] };
  await world.builds.close(rollback, 'released', { image });
  await world.plan(world.ended(rollback.id));
  const [child] = (await world.allBuilds()).filter(({ project }) => project === world.name('child'));
  expect(child?.cause).toEqual({ type: 'parent-released', parents: ['demo/base:latest'] });
});

it("an entry's key holds the project, and its end releases what has waited", async () => {
  await using world = await setUpPlanBuilds();
  world.files = [indexFile({ app: { hold: '{reason: the fair}' } })];
  await world.plan(world.pushIndex('one'));
  expect(await changesOf(world)).toMatchObject([{ action: 'held', by: expect.stringMatching(/^the index at /) }]);
  const held = (await world.allBuilds())[0] as Build;
  await world.builds.close(held, 'unchanged', { held: { by: 'the index' } });
  world.files = [indexFile({ app: {} })];
  await world.plan(world.pushIndex('two'));
  expect((await changesOf(world))[0]).toMatchObject({ action: 'unheld' });
  expect(await unheldOf(world)).toMatchObject([{ cause: { candidateOf: held.id } }]);
  expect(world.mails.map(({ mail }) => mail.subject)).toEqual([`[slipway] HELD: ${name}`, `[slipway] UNHELD: ${name}`]);
});
