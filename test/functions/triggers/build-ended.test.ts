import { expect, it } from 'vitest';
import { atEveryCrashPoint, createCrashPoints } from '../crash-points.ts';
import { setUpPlanBuilds } from '../plan-builds-setup.ts';

const idOf = (at: number) => at.toString(16).padStart(16, '0');

/** A project; its builds are numbered, the oldest first. */
async function setUp(crashes = createCrashPoints()) {
  const planning = await setUpPlanBuilds(crashes);
  const project = await planning.track();
  const { builds, problems, projects } = planning;
  return Object.assign(planning, {
    project,
    async begin(at: number, ref = 'refs/heads/main'): Promise<void> {
      await projects.nextSequence(project.name, { id: idOf(at), ref });
      await planning.queue(idOf(at), { ref, createdAt: `2026-11-${10 + at}T10:00:00.000Z` });
    },
    async end(at: number, status: 'failed' | 'blocked' | 'released'): Promise<void> {
      await builds.close(await builds.require(idOf(at)), status);
    },
    notice: (at: number) => planning.planBuilds({ type: 'build-ended', id: `end ${at}`, build: idOf(at) }),
    async withProblem(problem: 'failed' | 'blocked'): Promise<string[]> {
      const { items } = await problems.withProblem(problem, { limit: 10 });
      return items.map(({ lastBuild = '' }) => lastBuild);
    },
  });
}

it('the problem of a project is that of its last build, until the next one begins', async () => {
  await using world = await setUp();
  await world.begin(1);
  await world.end(1, 'failed');
  await world.notice(1);
  expect(await world.withProblem('failed')).toEqual([idOf(1)]);
  await world.begin(2);
  expect(await world.withProblem('failed')).toEqual([]);
  await world.end(2, 'blocked');
  await world.notice(2);
  expect([await world.withProblem('failed'), await world.withProblem('blocked')]).toEqual([[], [idOf(2)]]);
  await world.begin(3);
  await world.end(3, 'released');
  await world.notice(3);
  expect([await world.withProblem('failed'), await world.withProblem('blocked')]).toEqual([[], []]);
});

it('an end that is noticed only after the next build has begun, or was of a pull request, is none of the project', async () => {
  await using world = await setUp();
  await world.begin(1);
  await world.end(1, 'failed');
  await world.begin(2);
  await world.notice(1);
  await world.begin(3, 'refs/pull/7/head');
  await world.end(3, 'failed');
  await world.notice(3);
  expect(await world.withProblem('failed')).toEqual([]);
});

it('a project that has left the index has no problem, whenever its build ends', async () => {
  await using world = await setUp();
  await world.begin(1);
  await world.end(1, 'failed');
  await world.notice(1);
  await world.projects.put({ ...world.project, active: false });
  expect(await world.withProblem('failed')).toEqual([]);
  await world.begin(2);
  await world.end(2, 'failed');
  await world.notice(2);
  expect(await world.withProblem('failed')).toEqual([]);
});

it('the problem is recorded wherever the process crashes', async () => {
  await atEveryCrashPoint(async (crashes) => {
    const world = await setUp(crashes);
    await world.begin(1);
    await world.end(1, 'failed');
    return {
      run: () => world.notice(1),
      check: async () => {
        await using _ = world;
        expect(await world.withProblem('failed')).toEqual([idOf(1)]);
      },
    };
  });
});
