import { afterEach, describe, expect, it, vi } from 'vitest';
import { notified, receive, settle } from '../../core/cascade/rebuild-state.ts';
import type { Build, Cause } from '../../core/model/build.ts';
import { createProjectQuota } from '../../functions/builds/project-quota.ts';
import { createBuildStarter } from '../../functions/builds/start-build.ts';
import { createRetryStalled } from '../../functions/cascade/retry-stalled.ts';
import { createReconcileBuilds } from '../../functions/reconcile-builds.ts';
import { createBuildQuota } from '../../services/tables/build-quota.ts';
import { createBuildsInFlight } from '../../services/tables/builds-in-flight.ts';
import { Crash, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { silentLogger } from './services-setup.ts';
import { id, setUpTell } from './tell-setup.ts';

afterEach(() => {
  vi.useRealTimers();
});

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

async function startReconciling(crashes: CrashPoints = createCrashPoints(), most = 0) {
  const world = await setUpTell(crashes);
  const quota = createBuildQuota(world.client, 'projects', { atOnce: 2, perHour: 1000 });
  const inFlight = createBuildsInFlight(world.client, 'heads', most);
  const starter = createBuildStarter({
    ...world,
    quota: createProjectQuota({ ...world, quota, inFlight }),
    projectSources: { headOf: async () => undefined },
    repositories: { ensure: async () => undefined },
    logger: silentLogger,
    repositoryPrefix: 'slipway/',
    platform: 'linux/arm64',
    limits: { timeoutSeconds: 60, logLimitBytes: 1000 },
  });
  const queuedSeconds: number[] = [];
  const reconcile = createReconcileBuilds({
    ...world,
    ...starter,
    metrics: { oldestQueued: (seconds) => void queuedSeconds.push(seconds) },
    retryStalled: createRetryStalled(world),
    logger: silentLogger,
  });
  return Object.assign(world, { reconcile, queuedSeconds, inFlight });
}

const leftOver = (over: Partial<Build> = {}) => ({ createdAt: minutesAgo(30), ...over });

it('a project of a cascade that is stalled is advanced again', async () => {
  await using world = await startReconciling();
  const cause: Cause = { type: 'parent-released', parents: ['demo/base:latest'] };
  const waits = async (project: string, minutes: number) => {
    const event = { id: 'n', cascade: 'c', at: minutesAgo(minutes), parents: [], cause };
    await world.rebuilds.change(project, (state) => receive(state, event));
  };
  await waits('demo/left:latest', 30);
  await waits('demo/fresh:latest', 1);
  await waits('demo/ended:latest', 30);
  await world.rebuilds.change('demo/ended:latest', (state) =>
    notified(settle(state, { outcome: 'unchanged' }, minutesAgo(20)), 1),
  );
  await world.reconcile();
  expect(world.sent).toMatchObject([{ type: 'cascade-step', project: 'demo/left:latest' }]);
});

describe('a build that nothing runs', () => {
  it('and that never got its execution is started, with its request', async () => {
    await using world = await startReconciling();
    await world.track();
    await world.queue(id, leftOver());
    await world.reconcile();
    expect([...world.runs.keys()]).toEqual([id]);
    expect(world.requests).toMatchObject([{ id, dockerfile: 'Dockerfile' }]);
    expect((await world.builds.require(id)).status).toBe('queued');
  });

  it('and that another build has superseded is closed instead of started', async () => {
    await using world = await startReconciling();
    await world.track();
    await world.queue(id, leftOver());
    const head = { commit: 'c'.repeat(40), headAt: minutesAgo(20), previous: undefined, build: '00000000000000ab' };
    await world.heads.advance({ project: 'demo/app:latest', ref: 'refs/heads/main' }, undefined, head);
    await world.reconcile();
    expect([...world.runs]).toEqual([[id, 'telling']]);
    expect(await world.builds.require(id)).toMatchObject({ status: 'superseded', supersededBy: '00000000000000ab' });
  });

  it('and that never got its execution ends as failed when its project is gone', async () => {
    await using world = await startReconciling();
    await world.queue(id, leftOver());
    await world.reconcile();
    expect(await world.builds.require(id)).toMatchObject({ status: 'failed', failure: { error: 'ProjectGoneError' } });
  });

  it('because an operator stopped it is cancelled', async () => {
    await using world = await startReconciling();
    await world.queue(id, leftOver({ status: 'building' }));
    world.runs.set(id, 'aborted');
    await world.reconcile();
    expect(await world.builds.require(id)).toMatchObject({ status: 'cancelled', notifiedAt: expect.any(String) });
    expect(world.ses.sent).toEqual([]);
  });

  it.each(['queued', 'building', 'scanning', 'releasing'] as const)(
    'but says it is %s ends as failed, and people are notified',
    async (status) => {
      await using world = await startReconciling();
      await world.queue(id, leftOver({ status }));
      world.runs.set(id, 'ended');
      await world.reconcile();
      await world.reconcile();
      expect(await world.builds.require(id)).toMatchObject({ status: 'failed', notifiedAt: expect.any(String) });
      expect(world.ses.sent).toHaveLength(1);
    },
  );

  it('keeps the end that it gets meanwhile', async () => {
    await using world = await startReconciling();
    const build = await world.queue(id, leftOver({ status: 'releasing' }));
    const { status } = world.executions;
    world.executions.status = async (name) => {
      await world.builds.close(build, 'superseded');
      return (await status(name)) && 'ended';
    };
    await world.reconcile();
    expect((await world.builds.require(id)).status).toBe('superseded');
    expect(world.ses.sent).toEqual([]);
  });

  it('is brought to its end although another cannot be', async () => {
    await using world = await startReconciling();
    await world.queue('00000000000000ab', leftOver({ createdAt: minutesAgo(20) }));
    await world.queue(id, leftOver({ createdAt: minutesAgo(30) }));
    await world.queue('00000000000000ac', leftOver({ status: 'scanning' }));
    for (const build of [id, '00000000000000ac']) world.runs.set(build, 'ended');
    const { status } = world.executions;
    world.executions.status = (name) =>
      name === '00000000000000ab' ? Promise.reject(new Error('throttled')) : status(name);
    await expect(world.reconcile()).rejects.toThrow('throttled');
    expect((await world.builds.require(id)).status).toBe('failed');
    expect((await world.builds.require('00000000000000ac')).status).toBe('failed');
  });
});

describe('a build is left alone', () => {
  it('while its execution runs', async () => {
    await using world = await startReconciling();
    const build = await world.queue(id, leftOver({ status: 'building' }));
    world.runs.set(id, 'running');
    await world.reconcile();
    expect(await world.builds.require(id)).toEqual(build);
  });

  it('while it is young', async () => {
    await using world = await startReconciling();
    const build = await world.queue(id, { createdAt: minutesAgo(5) });
    await world.reconcile();
    expect(world.runs.size).toBe(0);
    expect(await world.builds.require(id)).toEqual(build);
  });
});

describe('a build whose notification is pending', () => {
  const later = (minutes: number) => new Date(Date.now() + minutes * 60_000);

  it('because its sender crashed is notified', async () => {
    const crashes = createCrashPoints();
    await using world = await startReconciling(crashes);
    await world.end('released');
    crashes.crashAt(1, 'after');
    await expect(world.tell(id)).rejects.toThrow(Crash);
    crashes.restart();
    await world.tell(id);
    expect(world.ses.sent).toEqual([]);
    vi.useFakeTimers({ toFake: ['Date'], now: later(15) });
    await world.reconcile();
    await world.reconcile();
    expect(world.ses.sent).toHaveLength(1);
  });

  it('because SES was down is notified when SES is back', async () => {
    await using world = await startReconciling();
    await world.end('blocked');
    world.ses.refuse = () => ['Throttling', 'Maximum sending rate exceeded.'];
    await expect(world.tell(id)).rejects.toThrow();
    await expect(world.reconcile(later(15))).rejects.toThrow();
    world.ses.refuse = () => undefined;
    await world.reconcile(later(30));
    expect(world.ses.sent).toHaveLength(1);
  });

  it('is left to the one that holds the claim, and is dropped after days', async () => {
    await using world = await startReconciling();
    await world.end('failed');
    await world.end('failed', '00000000000000ab', { createdAt: minutesAgo(7 * 24 * 60) });
    await world.reconcile();
    await world.reconcile(later(7 * 24 * 60));
    expect(world.ses.sent).toEqual([]);
  });
});

describe('how long builds have waited for a machine is reported', () => {
  const now = new Date('2026-11-29T12:00:00.000Z');
  const reported = async (builds: Partial<Build>[]) => {
    await using world = await startReconciling();
    for (const [at, over] of builds.entries()) {
      const name = at.toString(16).padStart(16, '0');
      await world.queue(name, over);
      world.runs.set(name, 'running');
    }
    await world.reconcile(now);
    return world.queuedSeconds;
  };

  it.each<[string, Partial<Build>[], number]>([
    ['by the oldest one', [{ createdAt: '2026-11-29T11:00:00.000Z' }, { createdAt: '2026-11-29T11:30:00.000Z' }], 3600],
    ['where none waits', [], 0],
    ['without those that a machine has', [{ createdAt: '2026-11-29T11:00:00.000Z', status: 'building' }], 0],
    [
      'without those that wait for their base image',
      [
        {
          createdAt: '2026-11-29T11:00:00.000Z',
          waiting: { for: 'base', times: 1, until: '2026-11-29T12:10:00.000Z' },
        },
      ],
      0,
    ],
    [
      'for a base that came, since then',
      [
        {
          createdAt: '2026-11-29T11:00:00.000Z',
          waiting: { for: 'base', times: 1, until: '2026-11-29T11:50:00.000Z' },
        },
      ],
      600,
    ],
  ])('%s', async (_, builds, seconds) => {
    expect(await reported(builds)).toEqual([seconds]);
  });
});
