import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import type { PushTrigger } from '../../../core/model/trigger.ts';
import { atEveryCrashPoint } from '../crash-points.ts';
import { setUpPlanBuilds } from '../plan-builds-setup.ts';

type Planning = Awaited<ReturnType<typeof setUpPlanBuilds>>;

const commitOf = (name: string) => name.repeat(40);
const [a, b, c] = [commitOf('a'), commitOf('b'), commitOf('c')];
const project = 'demo/app:latest';
const ref = 'refs/heads/main';

/** Somebody pushes a commit. @returns the event of it */
function push(planning: Planning, commit: string | null, id = `push of ${commit}`): PushTrigger {
  return planning.push({ id, commit });
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
  await planning.planBuilds(push(planning, a));
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
  await planning.planBuilds(push(planning, b));
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
    await planning.planBuilds(push(planning, a));
    const first = await buildOf(planning, a);
    await planning.builds.close(first, 'failed');
    await planning.planBuilds(push(planning, b));
    expect(await ends(planning)).toEqual(['a failed', 'b queued']);
    expect(planning.stopped).toEqual([]);
  });

  it.each(['queued', 'building'] as const)('%s, wherever the first try crashed', async (status) => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await setUpPlanBuilds(crashes);
      await planning.track();
      await planning.planBuilds(push(planning, a));
      const older = await buildOf(planning, a);
      if (status === 'building') {
        await planning.builds.recordCodeBuild(older.id, 'Builder:6f0d');
        await planning.builds.begin(older.id, 'build', 'building');
      }
      return {
        run: () => planning.planBuilds(push(planning, b)),
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
      await planning.planBuilds(push(planning, b));
      return original.apply(service, values);
    });
    await planning.planBuilds(push(planning, a));
  }

  it.each([
    ['its head', 'heads', 'advance', ['b queued']],
    ['its record', 'builds', 'create', ['a superseded', 'b queued']],
    ['its request', 'records', 'putRequest', ['a superseded', 'b queued']],
    ['its execution', 'executions', 'start', ['a superseded', 'b queued']],
  ] as const)(
    'leave the newer one alone to run, when the older is held up before %s',
    async (_, service, call, left) => {
      await using planning = await setUpPlanBuilds();
      await planning.track();
      await interleaved(planning, planning[service], call);
      expect((await ends(planning)).toSorted()).toEqual(left);
      const newer = await buildOf(planning, b);
      if (left.length > 1) expect((await buildOf(planning, a)).supersededBy).toBe(newer.id);
      expect([...planning.runs].filter(([, state]) => state === 'running')).toEqual([[newer.id, 'running']]);
    },
  );

  it('leave what the host has last, also when its answer to the older is held up', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const { commitsAt } = planning.host;
    planning.host.commitsAt = async (...asked) => {
      const answer = await commitsAt(...asked);
      planning.host.commitsAt = commitsAt;
      await planning.planBuilds(push(planning, b));
      return answer;
    };
    await planning.planBuilds(push(planning, a));
    expect(await ends(planning)).toEqual(['b queued']);
    expect(await planning.heads.get(project, ref)).toMatchObject({ commit: b });
  });
});

describe('of a burst of pushes only the last is left', () => {
  const burst = ['1', '2', '3', '4', '5', '6'].map(commitOf);

  const running = (planning: Planning) =>
    [...planning.runs].filter(([, state]) => state === 'running').map(([id]) => id);

  it('when each is planned before the next', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    for (const commit of burst) await planning.planBuilds(push(planning, commit));
    const superseded = burst.slice(0, -1).map((commit) => `${commit[0]} superseded`);
    expect(await ends(planning)).toEqual([...superseded, '6 queued']);
    expect(running(planning)).toEqual([(await buildOf(planning, commitOf('6'))).id]);
  });

  const again = (pushes: PushTrigger[]) => pushes.map((each) => ({ ...each, id: `${each.id}, again` }));

  it.each<[string, (pushes: PushTrigger[]) => PushTrigger[]]>([
    ['one after the other', (pushes) => pushes],
    ['the last first', (pushes) => pushes.toReversed()],
    ['each twice, by two webhooks', (pushes) => pushes.flatMap((each) => [each, ...again([each])])],
    ['each twice, the second time when all are over', (pushes) => [...pushes, ...again(pushes)]],
  ])('when all are planned after the last: %s', async (_, order) => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const pushes = burst.map((commit) => push(planning, commit));
    for (const delivery of order(pushes)) await planning.plan(delivery);
    expect(await ends(planning)).toEqual(['6 queued']);
    expect(running(planning)).toEqual([(await buildOf(planning, commitOf('6'))).id]);
  });

  it('when all are planned at once', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const pushes = burst.map((commit) => push(planning, commit));
    await Promise.all([...pushes, ...again(pushes)].map((each) => planning.planBuilds(each)));
    expect(await ends(planning)).toEqual(['6 queued']);
  });
});

describe('a branch that is forced back', () => {
  it('to an older commit builds that again', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    for (const [commit, id] of [
      [a, '1'],
      [b, '2'],
      [a, '3'],
      [b, '4'],
    ] as const)
      await planning.planBuilds(push(planning, commit, id));
    expect(await ends(planning)).toEqual(['a superseded', 'b superseded', 'a superseded', 'b queued']);
  });

  it('builds nothing of what was pushed in between and comes late', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(planning, a, '1'));
    const late = push(planning, b, '2');
    await planning.planBuilds(push(planning, a, '3'));
    await planning.plan(late);
    expect(await ends(planning)).toEqual(['a queued']);
  });
});

describe('a branch that is deleted', () => {
  it('leaves the build that runs as it is', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(planning, a));
    await planning.planBuilds(push(planning, null));
    expect(await ends(planning)).toEqual(['a queued']);
    expect(planning.stopped).toEqual([]);
  });

  it('and made again at the same commit builds nothing, at another one builds that', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(push(planning, a, '1'));
    await planning.planBuilds(push(planning, null, '2'));
    await planning.planBuilds(push(planning, a, '3'));
    expect(await ends(planning)).toEqual(['a queued']);
    await planning.planBuilds(push(planning, b, '4'));
    expect(await ends(planning)).toEqual(['a superseded', 'b queued']);
  });

  it('is there again by the time that its deletion is planned: what is there is built', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const deletion = push(planning, null);
    push(planning, b);
    await planning.planBuilds(deletion);
    expect(await ends(planning)).toEqual(['b queued']);
  });
});

describe('a head whose taker died before its record', () => {
  it('is built by whoever comes next, under the id that has the lease', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.heads.advance({ project, ref }, undefined, { commit: a, build: '00000000000000dd' });
    await planning.planBuilds(push(planning, a));
    expect(await planning.allBuilds()).toMatchObject([{ id: '00000000000000dd', commit: a }]);
    expect(planning.runs.get('00000000000000dd')).toBe('running');
  });
});

describe('a rebuild', () => {
  const order = { trigger: 'schedule:1', cause: { type: 'schedule' as const, schedule: 'rate(1 day)' } };

  it('builds the head that is known, and supersedes the build that runs', async () => {
    await using planning = await setUpPlanBuilds();
    const tracked = await planning.track();
    await planning.planBuilds(push(planning, a));
    const build = await planning.starter.startRebuild({ ...order, project: tracked, cascade: 'cascade-1' });
    expect(build).toMatchObject({ commit: a, headRevision: 2, sequence: 2, cascade: 'cascade-1' });
    expect(await ends(planning)).toEqual(['a superseded', 'a queued']);
    await planning.starter.startRebuild({ ...order, project: tracked, cascade: 'cascade-1' });
    expect(await planning.allBuilds()).toHaveLength(2);
  });

  it('asks for the head that nobody knows, and is none where there is no branch', async () => {
    await using planning = await setUpPlanBuilds();
    const tracked = await planning.track();
    planning.host.main = undefined;
    expect(await planning.starter.startRebuild({ ...order, project: tracked })).toBeUndefined();
    planning.host.main = b;
    expect(await planning.starter.startRebuild({ ...order, project: tracked })).toMatchObject({ commit: b, ref });
  });

  it('without the cache stays so in the build that supersedes it, and in the next', async () => {
    await using planning = await setUpPlanBuilds();
    const tracked = await planning.track();
    await planning.planBuilds(push(planning, a));
    await planning.starter.startRebuild({ ...order, project: tracked, noCache: true });
    await planning.planBuilds(push(planning, b));
    await planning.planBuilds(push(planning, c));
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
      await planning.planBuilds(push(planning, a));
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
