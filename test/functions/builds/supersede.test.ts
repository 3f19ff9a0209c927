import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import type { PushTrigger } from '../../../core/model/trigger.ts';
import { atEveryCrashPoint } from '../crash-points.ts';
import { pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';

type Planning = Awaited<ReturnType<typeof setUpPlanBuilds>>;

const commitOf = (name: string) => name.repeat(40);
const [a, b, c] = [commitOf('a'), commitOf('b'), commitOf('c')];
const project = 'demo/app:latest';
const ref = 'refs/heads/main';

/** A push of one commit upon another, taken by the host in a second of the minute and delivered a little later. */
function push(before: string, commit: string, second: number, over: Partial<PushTrigger> = {}): PushTrigger {
  const at = Date.UTC(2026, 10, 21) + second * 1000;
  return pushOf({
    id: `${before[0]}${commit[0]}${second}`,
    before,
    after: commit,
    commit,
    pushedAt: new Date(at).toISOString(),
    receivedAt: new Date(at + 400).toISOString(),
    ...over,
  });
}

/** Every build as its commit and its status, the first that was accepted first. */
async function ends(planning: Planning): Promise<string[]> {
  const builds = (await planning.allBuilds()).toSorted((one, other) => one.sequence - other.sequence);
  return builds.map(({ commit, status }) => `${commit[0]} ${status}`);
}

async function buildOf(planning: Planning, commit: string): Promise<Build> {
  const [build] = (await planning.allBuilds())
    .filter((each) => each.commit === commit)
    .toSorted((one, other) => other.sequence - one.sequence);
  if (!build) throw new Error(`Nothing builds ${commit}.`);
  return build;
}

/** The first push, its build run as far as said, and the second. */
async function pushTwice(planning: Planning, status: Build['status']): Promise<{ older: Build; newer: Build }> {
  await planning.track();
  await planning.planBuilds(push(c, a, 1));
  const { id } = await buildOf(planning, a);
  if (status !== 'queued') {
    await planning.builds.recordCodeBuild(id, 'Builder:6f0d');
    await planning.builds.begin(id, 'build', 'building');
  }
  if (status === 'scanning' || status === 'releasing') {
    await planning.builds.endStage(id, 'build', 'succeeded');
    await planning.builds.begin(id, 'scan', 'scanning');
  }
  if (status === 'releasing') await planning.builds.begin(id, 'release', 'releasing');
  await planning.planBuilds(push(a, b, 5));
  return { older: await planning.builds.require(id), newer: await buildOf(planning, b) };
}

describe('a newer push supersedes a build that is', () => {
  it('queued: it is ended, its execution stopped', async () => {
    await using planning = await setUpPlanBuilds();
    const { older, newer } = await pushTwice(planning, 'queued');
    expect(older).toMatchObject({
      status: 'superseded',
      supersededBy: newer.id,
      endedAt: expect.any(String),
      stages: { build: { status: 'skipped' } },
    });
    expect(planning.stopped).toEqual([older.id]);
    expect(planning.runs.get(newer.id)).toBe('running');
    expect(await planning.heads.get(project, ref)).not.toHaveProperty('replaced');
  });

  it("building: its run of CodeBuild's is stopped too", async () => {
    await using planning = await setUpPlanBuilds();
    const { older } = await pushTwice(planning, 'building');
    expect(older).toMatchObject({ status: 'superseded', stages: { build: { status: 'skipped' } } });
    expect(planning.stopped).toEqual([older.id, 'Builder:6f0d']);
  });

  it('scanning: what it has done stays done', async () => {
    await using planning = await setUpPlanBuilds();
    const { older } = await pushTwice(planning, 'scanning');
    expect(older).toMatchObject({
      status: 'superseded',
      stages: { build: { status: 'succeeded' }, scan: { status: 'skipped' } },
    });
  });

  it('releasing: that is left to its end, and the newer one goes its way', async () => {
    await using planning = await setUpPlanBuilds();
    const { older, newer } = await pushTwice(planning, 'releasing');
    expect(older.status).toBe('releasing');
    expect(planning.stopped).toEqual([]);
    expect(newer.status).toBe('queued');
    expect(planning.runs.get(newer.id)).toBe('running');
  });

  it('ended already: that keeps its end', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(c, a, 1));
    const first = await buildOf(planning, a);
    await planning.builds.close(first, 'failed');
    await planning.planBuilds(push(a, b, 5));
    expect(await ends(planning)).toEqual(['a failed', 'b queued']);
    expect(planning.stopped).toEqual([]);
  });

  it.each(['queued', 'building'] as const)('%s, wherever the first try crashed', async (status) => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await setUpPlanBuilds(crashes);
      await planning.track();
      await planning.planBuilds(push(c, a, 1));
      const older = await buildOf(planning, a);
      if (status === 'building') {
        await planning.builds.recordCodeBuild(older.id, 'Builder:6f0d');
        await planning.builds.begin(older.id, 'build', 'building');
      }
      return {
        run: () => planning.planBuilds(push(a, b, 5)),
        async check() {
          await using _ = planning;
          const newer = await buildOf(planning, b);
          expect(await ends(planning)).toEqual(['a superseded', 'b queued']);
          expect((await planning.builds.require(older.id)).supersededBy).toBe(newer.id);
          expect(planning.runs.get(older.id)).toBe('aborted');
          expect(planning.runs.get(newer.id)).toBe('running');
          expect(planning.stopped.includes('Builder:6f0d')).toBe(status === 'building');
          expect(planning.requests.filter(({ id }) => id === newer.id).length).toBeGreaterThan(0);
        },
      };
    });
  });
});

describe('two pushes that are planned at once', () => {
  /** Plans the first push up to a call, then the whole second one, then the rest of the first. */
  async function interleaved(planning: Planning, service: object, call: string): Promise<void> {
    const original = Reflect.get(service, call) as (...values: unknown[]) => Promise<unknown>;
    Reflect.set(service, call, async (...values: unknown[]) => {
      Reflect.set(service, call, original);
      await planning.planBuilds(push(a, b, 5));
      return original.apply(service, values);
    });
    await planning.planBuilds(push(c, a, 1));
  }

  it.each([
    ['its head', 'heads', 'advance'],
    ['its record', 'builds', 'create'],
    ['its request', 'records', 'putRequest'],
    ['its execution', 'executions', 'start'],
  ] as const)('leave the newer one alone to run, when the older is held up before %s', async (_, service, call) => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await interleaved(planning, planning[service], call);
    expect((await ends(planning)).toSorted()).toEqual(['a superseded', 'b queued']);
    const newer = await buildOf(planning, b);
    expect((await buildOf(planning, a)).supersededBy).toBe(newer.id);
    expect([...planning.runs].filter(([, state]) => state === 'running')).toEqual([[newer.id, 'running']]);
  });
});

describe('of a burst of pushes only the last is left', () => {
  const burst = ['1', '2', '3', '4', '5', '6'];
  const pushes = burst.map((name, at) => push(commitOf(burst[at - 1] ?? '0'), commitOf(name), at));

  it.each([
    ['one after the other', pushes],
    ['the last first', pushes.toReversed()],
    ['each twice, by two webhooks', pushes.flatMap((each) => [each, { ...each, id: `${each.id}-again` }])],
    [
      'each twice, the second time when all are over',
      [...pushes, ...pushes.map((each) => ({ ...each, id: `${each.id}-again` }))],
    ],
    ['in one second', pushes.map((each) => ({ ...each, pushedAt: '2026-11-21T00:00:00.000Z' }))],
    [
      'in one second, the last first',
      pushes.map((each) => ({ ...each, pushedAt: '2026-11-21T00:00:00.000Z' })).toReversed(),
    ],
  ])('%s', async (_, deliveries) => {
    await using planning = await setUpPlanBuilds();
    planning.headOf = async () => commitOf('6');
    await planning.track();
    for (const delivery of deliveries) await planning.planBuilds(delivery);
    expect((await ends(planning)).toSorted()).toEqual([
      ...burst.slice(0, -1).map((name) => `${name} superseded`),
      '6 queued',
    ]);
    const running = [...planning.runs].filter(([, state]) => state === 'running').map(([id]) => id);
    expect(running).toEqual([(await buildOf(planning, commitOf('6'))).id]);
  });

  it('when all are planned at once', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await Promise.all([...pushes, ...pushes].map((each) => planning.planBuilds(each)));
    expect((await ends(planning)).toSorted()).toEqual([
      ...burst.slice(0, -1).map((name) => `${name} superseded`),
      '6 queued',
    ]);
    const running = [...planning.runs].filter(([, state]) => state === 'running').map(([id]) => id);
    expect(running).toEqual([(await buildOf(planning, commitOf('6'))).id]);
  });
});

describe('a delivery', () => {
  it('that is made again days after it was lost builds nothing when a newer one is known', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(a, b, 5));
    await planning.planBuilds(push(c, a, 1, { receivedAt: '2026-11-24T00:00:00.000Z' }));
    expect((await ends(planning)).toSorted()).toEqual(['a superseded', 'b queued']);
    expect(planning.runs.size).toBe(1);
  });

  it('that is made again days after it was lost is built when nothing newer is known', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(c, a, 1));
    await planning.planBuilds(push(a, b, 5, { receivedAt: '2026-11-24T00:00:00.000Z' }));
    expect(await ends(planning)).toEqual(['a superseded', 'b queued']);
  });

  it('that comes last of a host that says no times is not taken for the last push', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.headOf = async () => b;
    const untimed = ({ pushedAt: _, ...rest }: PushTrigger): PushTrigger => rest;
    await planning.planBuilds(untimed(push(a, b, 5)));
    await planning.planBuilds(untimed(push(c, a, 1, { receivedAt: '2026-11-21T00:00:09.000Z' })));
    expect((await ends(planning)).toSorted()).toEqual(['a superseded', 'b queued']);
  });

  it('of a host whose clock is behind is taken for what the host says it is', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.headOf = async () => b;
    await planning.planBuilds(push(c, a, 60));
    await planning.planBuilds(push(a, b, 5));
    expect(await ends(planning)).toEqual(['a superseded', 'b queued']);
  });

  it('of a commit that is superseded at once says so at the commit', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(a, b, 5));
    await planning.planBuilds(push(c, a, 1));
    expect(planning.marks).toContainEqual({ commit: a, status: 'superseded' });
    expect((await planning.deliveries.get('ca1'))?.outcome).toBe('started 0, 1 superseded by newer pushes');
  });
});

describe('a branch that is forced back', () => {
  it('to an older commit builds that again', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(c, a, 1));
    await planning.planBuilds(push(a, b, 5));
    await planning.planBuilds(push(b, a, 9, { forced: true }));
    expect(await ends(planning)).toEqual(['a superseded', 'b superseded', 'a queued']);
  });

  it('builds nothing of what was pushed in between and comes late', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(c, a, 1));
    await planning.planBuilds(push(b, a, 9, { forced: true }));
    await planning.planBuilds(push(a, b, 5));
    expect((await ends(planning)).toSorted()).toEqual(['a queued', 'b superseded']);
  });

  it('within one second is what the host says it is', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.headOf = async () => a;
    await planning.planBuilds(push(c, a, 1));
    await planning.planBuilds(push(a, b, 1));
    await planning.planBuilds(push(b, a, 1, { forced: true }));
    expect(await ends(planning)).toEqual(['a superseded', 'b superseded', 'a queued']);
  });

  it('within one second is what came last when the host cannot be queried', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.headOf = () => Promise.reject(new Error('unreachable'));
    await planning.planBuilds(push(c, a, 1));
    await planning.planBuilds(push(a, b, 1));
    await planning.planBuilds(push(b, a, 1, { forced: true, receivedAt: '2026-11-21T00:00:01.900Z' }));
    expect(await ends(planning)).toEqual(['a superseded', 'b superseded', 'a queued']);
  });
});

describe('a branch that is deleted', () => {
  const nothing = '0'.repeat(40);
  const deletion = push(a, nothing, 3, { deleted: true, commit: null });

  it('leaves the build that runs as it is', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(c, a, 1));
    await planning.planBuilds(deletion);
    expect(await ends(planning)).toEqual(['a queued']);
    expect(planning.stopped).toEqual([]);
  });

  it('and made again at the same commit builds nothing, at another one builds that', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(c, a, 1));
    await planning.planBuilds(deletion);
    await planning.planBuilds(push(nothing, a, 5));
    expect(await ends(planning)).toEqual(['a queued']);
    await planning.planBuilds(push(nothing, b, 9));
    expect(await ends(planning)).toEqual(['a superseded', 'b queued']);
  });
});

describe('a head that somebody looked up', () => {
  const seen = (planning: Planning, commit: string, headAt: string) =>
    planning.track().then((tracked) =>
      planning.starter.startBuild({
        trigger: `source-moved:${commit}${headAt}`,
        project: tracked,
        cause: { type: 'source-moved', ref, commit },
        commit,
        ref,
        headAt,
        unlessKnown: true,
      }),
    );

  it('is built when its push was lost, and not again when that comes after all', async () => {
    await using planning = await setUpPlanBuilds();
    expect(await seen(planning, a, '2026-11-21T00:10:00.000Z')).toMatchObject({ commit: a });
    await planning.planBuilds(push(c, a, 1));
    expect(await ends(planning)).toEqual(['a queued']);
  });

  it('is no change once it was built, nor when it has moved on since', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(c, a, 1));
    expect(await seen(planning, a, '2026-11-21T00:10:00.000Z')).toBeUndefined();
    await planning.planBuilds(push(a, b, 700));
    expect(await seen(planning, a, '2026-11-21T00:11:00.000Z')).toBeUndefined();
    expect(await ends(planning)).toEqual(['a superseded', 'b queued']);
  });

  it('whose taker crashed before its record is built by the next caller', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const known = { commit: a, headAt: '2026-11-21T00:00:01.400Z', previous: undefined, build: '00000000000000dd' };
    await planning.heads.advance({ project, ref }, undefined, known);
    expect(await seen(planning, a, '2026-11-21T00:10:00.000Z')).toMatchObject({ id: '00000000000000dd' });
    expect(planning.runs.get('00000000000000dd')).toBe('running');
  });
});

describe('a push that changes nothing of a project', () => {
  it('moves its head on, and does not supersede the build that runs', async () => {
    await using planning = await setUpPlanBuilds();
    const tracked = await planning.track();
    await planning.planBuilds(push(c, a, 1));
    await planning.starter.recordHead({
      project: tracked,
      commit: b,
      ref,
      headAt: '2026-11-21T00:00:05.000Z',
      before: a,
    });
    expect(await planning.heads.get(project, ref)).toMatchObject({ commit: b, build: (await buildOf(planning, a)).id });
    expect(await ends(planning)).toEqual(['a queued']);
    await planning.starter.recordHead({ project: tracked, commit: a, ref, headAt: '2026-11-21T00:00:01.000Z' });
    expect(await planning.heads.get(project, ref)).toMatchObject({ commit: b });
  });
});

describe('a rebuild', () => {
  const order = { trigger: 'schedule:1', cause: { type: 'schedule' as const, schedule: 'rate(1 day)' } };

  it('builds the head that is known, and supersedes the build that runs', async () => {
    await using planning = await setUpPlanBuilds();
    const tracked = await planning.track();
    await planning.planBuilds(push(c, a, 1));
    const build = await planning.starter.startRebuild({ ...order, project: tracked, cascade: 'cascade-1' });
    expect(build).toMatchObject({ commit: a, headAt: '2026-11-21T00:00:01.400Z', sequence: 2, cascade: 'cascade-1' });
    expect(await ends(planning)).toEqual(['a superseded', 'a queued']);
    await planning.starter.startRebuild({ ...order, project: tracked, cascade: 'cascade-1' });
    expect(await planning.allBuilds()).toHaveLength(2);
  });

  it('asks for the head that nobody knows, and is none where there is no branch', async () => {
    await using planning = await setUpPlanBuilds();
    const tracked = await planning.track();
    planning.headOf = async () => undefined;
    expect(await planning.starter.startRebuild({ ...order, project: tracked })).toBeUndefined();
    planning.headOf = async () => b;
    expect(await planning.starter.startRebuild({ ...order, project: tracked })).toMatchObject({ commit: b, ref });
  });

  it('without the cache stays so in the build that supersedes it, and in the next', async () => {
    await using planning = await setUpPlanBuilds();
    const tracked = await planning.track();
    await planning.planBuilds(push(c, a, 1));
    await planning.starter.startRebuild({ ...order, project: tracked, noCache: true });
    await planning.planBuilds(push(a, b, 5));
    await planning.planBuilds(push(b, c, 9));
    expect(planning.requests.map(({ source, noCache = false }) => `${source.commit[0]} ${noCache}`)).toEqual([
      'a false',
      'a true',
      'b true',
      'c true',
    ]);
  });

  it('is built once wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await setUpPlanBuilds(crashes);
      const tracked = await planning.track();
      await planning.planBuilds(push(c, a, 1));
      return {
        run: () => planning.starter.startRebuild({ ...order, project: tracked }),
        async check() {
          await using _ = planning;
          expect(await ends(planning)).toEqual(['a superseded', 'a queued']);
        },
      };
    });
  });
});
