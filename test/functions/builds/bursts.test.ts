import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import { isTerminal } from '../../../core/model/build.ts';
import { ReleaseBusyError } from '../../../core/model/errors.ts';
import { defaultPolicy } from '../../../core/model/policy.ts';
import { createRelease } from '../../../functions/release.ts';
import { Crash, createCrashPoints } from '../crash-points.ts';
import { createFakeRegistry } from '../fake-registry.ts';
import { pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';

const ref = 'refs/heads/main';
const project = 'demo/app:latest';
const commitOf = (at: number) => String(at).padStart(40, '0');
const digestOf = (build: Build) => `sha256:${build.commit.slice(-4)}${build.id}`.padEnd(71, '0');

/** Numbers below 1 that are the same in every run. https://en.wikipedia.org/wiki/Linear_congruential_generator */
function createChance(seed: number) {
  let state = seed * 7919 + 17;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    is: (probability: number) => next() < probability,
    below: (limit: number) => Math.floor(next() * limit),
    shuffled: <Value>(values: Value[]): Value[] =>
      values
        .map((value) => [next(), value] as const)
        .toSorted(([one], [other]) => one - other)
        .map(([, value]) => value),
  };
}

/** The steps after a build's acceptance, in the hands of the test. */
function createSteps(planning: Awaited<ReturnType<typeof setUpPlanBuilds>>) {
  const shelf = createFakeRegistry();
  const released: string[] = [];
  const release = createRelease({
    ...planning,
    attachReferrers: async () => ({ signed: true, warnings: [] }),
    openRegistry: async () => shelf.registry,
    repositoryPrefix: 'slipway/',
    policy: defaultPolicy,
  });
  const { builds } = planning;
  return {
    shelf,
    /** The builds in the order in which they were released. */
    released,

    /** One step of a build whose execution runs: from its acceptance to its release. */
    async step(id: string): Promise<void> {
      const build = await builds.require(id);
      if (isTerminal(build.status)) return;
      switch (build.status) {
        case 'queued':
          await builds.begin(id, 'build', 'building', ['queued']);
          return;
        case 'building': {
          const candidate = { repository: 'slipway/candidate/demo/app', digest: digestOf(build) };
          shelf.push(candidate.repository, candidate.digest);
          await builds.endStage(id, 'build', 'succeeded', { candidate });
          await builds.begin(id, 'judge', 'scanning');
          const { digest } = candidate;
          await builds.endStage(id, 'judge', 'succeeded', {
            verdict: { outcome: 'pass', digest, reasons: [], counts: {} },
          });
          return;
        }
        default: {
          const { status } = await release({ build: id }).catch((error: unknown) => {
            if (error instanceof ReleaseBusyError) return { status: 'busy' };
            throw error;
          });
          if (status === 'released') released.push(id);
        }
      }
    },
  };
}

describe('however the pushes of a burst are delivered', () => {
  it.each(Array.from({ length: 24 }, (_, seed) => seed))(
    'the last is released, the others once or never (%i)',
    async (seed) => {
      const chance = createChance(seed);
      const crashes = createCrashPoints();
      await using planning = await setUpPlanBuilds(crashes);
      const tracked = await planning.track();
      const { shelf, released, step } = createSteps(planning);
      const count = 3 + chance.below(5);
      const last = commitOf(count);
      const commits = Array.from({ length: count }, (_, at) => commitOf(at + 1));
      const pushes = commits.map((commit) => pushOf({ id: `push of ${commit}`, expected: commit }));
      const lost = new Set(pushes.filter(() => chance.is(0.2)));
      const deliveries = chance.shuffled(
        pushes
          .filter((push) => !lost.has(push))
          .flatMap((push) => [
            push,
            ...(chance.is(0.3) ? [push] : []),
            ...(chance.is(0.3) ? [{ ...push, id: `${push.id}, again` }] : []),
          ]),
      );
      /** The host takes the pushes in their order, while events of any of them are planned. */
      const somePushes = () => {
        const at = commits.indexOf(planning.host.main ?? '');
        planning.host.main = commits[Math.min(at + chance.below(3), count - 1)];
      };
      planning.host.main = undefined;

      const running = () => [...planning.runs].filter(([, state]) => state === 'running').map(([id]) => id);
      const someSteps = async () => {
        for (const id of chance.shuffled(running())) if (chance.is(0.4)) await step(id);
      };
      for (const delivery of deliveries) {
        somePushes();
        if (chance.is(0.3)) crashes.crashAt(1 + chance.below(20), chance.is(0.5) ? 'before' : 'after');
        await planning.planBuilds(delivery).catch(async (error: unknown) => {
          if (!(error instanceof Crash)) throw error;
          crashes.restart();
          await someSteps();
          somePushes();
          await planning.planBuilds(delivery);
        });
        crashes.restart();
        await someSteps();
      }
      planning.host.main = last;
      // What no delivery told of, the watch on the repositories sees.
      await planning.planBuilds({
        type: 'source-moved',
        id: 'source-moved:1',
        source: tracked.source,
        refs: [ref],
      });
      for (let steps = 0; steps < 4; steps++) for (const id of running()) await step(id);

      const builds = await planning.allBuilds();
      const statuses = builds.map(({ commit, status }) => `${Number(commit)} ${status}`).toSorted();
      expect(statuses.filter((each) => !/ (released|superseded)$/.test(each))).toEqual([]);
      const ofLast = builds.filter(({ commit }) => commit === last);
      expect(ofLast.map(({ status }) => status)).toEqual(['released']);
      expect(new Set(builds.map(({ commit }) => commit)).size).toBe(builds.length);
      expect(released.at(-1)).toBe(ofLast[0]?.id);
      expect(shelf.tagsOf('slipway/demo/app')).toMatchObject({ latest: digestOf(ofLast[0] as Build) });
      expect((await planning.projects.get(project))?.released?.build).toBe(ofLast[0]?.id);
    },
  );
});
