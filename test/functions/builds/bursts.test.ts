import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import { isTerminal } from '../../../core/model/build.ts';
import { ReleaseBusyError } from '../../../core/model/errors.ts';
import type { PushTrigger } from '../../../core/model/trigger.ts';
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
    sboms: { read: async () => undefined },
    openRegistry: async () => shelf.registry,
    repositoryPrefix: 'slipway/',
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
      // Seconds of their own, or all in one, or anything between.
      const pace = [0, 300, 1500][chance.below(3)] ?? 0;
      const last = commitOf(count);
      planning.headOf = async () => last;

      const pushes = Array.from({ length: count }, (_, at): PushTrigger => {
        const time = Date.UTC(2026, 10, 21) + at * pace;
        const commit = commitOf(at + 1);
        return pushOf({
          id: `push-${at + 1}`,
          before: commitOf(at),
          after: commit,
          commit,
          pushedAt: new Date(Math.floor(time / 1000) * 1000).toISOString(),
          receivedAt: new Date(time + chance.below(pace + 1000)).toISOString(),
        });
      });
      const lost = new Set(pushes.filter(() => chance.is(0.2)));
      const deliveries = chance.shuffled(
        pushes
          .filter((push) => !lost.has(push))
          .flatMap((push) => [
            push,
            ...(chance.is(0.3) ? [push] : []),
            ...(chance.is(0.3) ? [{ ...push, id: `${push.id}-again` }] : []),
          ]),
      );

      const running = () => [...planning.runs].filter(([, state]) => state === 'running').map(([id]) => id);
      const someSteps = async () => {
        for (const id of chance.shuffled(running())) if (chance.is(0.4)) await step(id);
      };
      for (const delivery of deliveries) {
        if (chance.is(0.3)) crashes.crashAt(1 + chance.below(20), chance.is(0.5) ? 'before' : 'after');
        await planning.planBuilds(delivery).catch(async (error: unknown) => {
          if (!(error instanceof Crash)) throw error;
          crashes.restart();
          await someSteps();
          await planning.planBuilds(delivery);
        });
        crashes.restart();
        await someSteps();
      }
      // What no delivery told of, the watch on the repositories sees.
      await planning.starter.startBuild({
        trigger: 'source-moved:1',
        project: tracked,
        cause: { type: 'source-moved', ref, commit: last },
        commit: last,
        ref,
        headAt: '2026-11-21T00:10:00.000Z',
        unlessKnown: true,
      });
      for (let rounds = 0; rounds < 4; rounds++) for (const id of running()) await step(id);

      const builds = await planning.allBuilds();
      const statuses = builds.map(({ commit, status }) => `${Number(commit)} ${status}`).toSorted();
      expect(statuses.filter((each) => !/ (released|superseded)$/.test(each))).toEqual([]);
      const ofLast = builds.filter(({ commit }) => commit === last);
      expect(ofLast.map(({ status }) => status)).toEqual(['released']);
      expect(new Set(builds.map(({ commit }) => commit)).size).toBe(builds.length);
      for (const push of pushes.filter((each) => !lost.has(each)))
        expect(builds.filter(({ commit }) => commit === push.commit)).toHaveLength(1);
      expect(released.at(-1)).toBe(ofLast[0]?.id);
      expect(shelf.tagsOf('slipway/demo/app')).toMatchObject({ latest: digestOf(ofLast[0] as Build) });
      expect((await planning.projects.get(project))?.released?.build).toBe(ofLast[0]?.id);
    },
  );
});
