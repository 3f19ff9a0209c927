import { describe, expect, it } from 'vitest';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { atEveryCrashPoint, createCrashPoints } from '../crash-points.ts';
import { setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

type Planning = Awaited<ReturnType<typeof setUpPlanBuilds>>;

const cancel = (build: string): TriggerOf<'cancel'> => ({
  type: 'cancel',
  id: `cancel:${build}`,
  build,
  requester: 'alice@example.org',
  reason: 'the wrong\u001b branch',
});

/** A build that has got as far as said. */
async function buildAt(planning: Planning, status: 'queued' | 'building' | 'releasing' | 'failed'): Promise<string> {
  await planning.track();
  await planning.planBuilds(planning.push({ id: 'push', commit }));
  const [build] = await planning.allBuilds();
  if (!build) throw new Error('Nothing was built.');
  if (status === 'building') {
    await planning.builds.recordCodeBuild(build.id, 'Builder:6f0d');
    await planning.builds.begin(build.id, 'build', 'building');
  }
  if (status === 'releasing') await planning.builds.begin(build.id, 'release', 'releasing');
  if (status === 'failed') await planning.builds.close(build, 'failed');
  return build.id;
}

describe('somebody cancels a build that is', () => {
  it('building: it ends with who and why, without a mail address, and its machine is stopped', async () => {
    await using planning = await setUpPlanBuilds();
    const id = await buildAt(planning, 'building');
    await planning.planBuilds(cancel(id));
    expect(await planning.builds.require(id)).toMatchObject({
      status: 'cancelled',
      failure: { message: 'alice cancelled the build: the wrong branch' },
      stages: { build: { status: 'skipped' } },
    });
    expect(planning.stopped).toEqual([id, 'Builder:6f0d']);
  });

  it('still waiting for room in its project: people and dependents hear of its end at once', async () => {
    await using planning = await setUpPlanBuilds(createCrashPoints(), { atOnce: 1, perHour: 1000 });
    const other = await buildAt(planning, 'building');
    await planning.planBuilds(planning.push({ id: 'push of a tag', ref: 'refs/tags/v1.0.0', commit }));
    const waiting = (await planning.allBuilds()).find(({ id }) => id !== other)?.id ?? '';
    expect([...planning.runs]).toEqual([[other, 'running']]);
    await planning.planBuilds(cancel(waiting));
    expect((await planning.builds.require(waiting)).status).toBe('cancelled');
    expect(planning.runs.get(waiting)).toBe('telling');
  });

  it.each(['releasing', 'failed'] as const)('%s: it stays as it is', async (status) => {
    await using planning = await setUpPlanBuilds();
    const id = await buildAt(planning, status);
    await planning.planBuilds(cancel(id));
    expect((await planning.builds.require(id)).status).toBe(status);
    expect(planning.stopped).toEqual([]);
  });

  it('not there: nothing happens', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.planBuilds(cancel('00000000000000aa'));
    expect(await planning.allBuilds()).toEqual([]);
  });

  it('queued, wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await setUpPlanBuilds(crashes);
      const id = await buildAt(planning, 'queued');
      return {
        run: () => planning.planBuilds(cancel(id)),
        async check() {
          await using _ = planning;
          expect((await planning.builds.require(id)).status).toBe('cancelled');
          expect(planning.runs.get(id)).toBe('aborted');
        },
      };
    });
  });
});
