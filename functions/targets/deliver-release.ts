import type { Logger } from '@aws-lambda-powertools/logger';
import { destinationsOf, destinationTarget } from '../../core/destinations/destination.ts';
import type { DeployTarget } from '../../core/model/manifest-target.ts';
import { type Project, parseProjectName } from '../../core/model/project.ts';
import {
  attempted,
  begun,
  type Call,
  type Deliverable,
  type DeliveryOutcome,
  isCalledBy,
  requested,
  type TargetState,
} from '../../core/targets/target-state.ts';
import { openTargets, type Targets } from '../../services/tables/targets.ts';
import { type CopyReleases, openCopyReleases } from '../destinations/copy-releases.ts';
import { openWriteManifests, type WriteManifests } from '../manifests/write-manifests.ts';

interface Services {
  targets: Targets;
  writeManifests: WriteManifests;
  copyReleases: CopyReleases;
  logger: Logger;
}

type Owner = Pick<Project, 'name' | 'gitBranch' | 'deploy' | 'destinations'>;
type Named = Pick<TargetState, 'target' | 'kind'>;

interface Options {
  call: Call;
  /** Only these targets; those that get the releases of its ref by themselves, and every registry, where it is absent. */
  only?: readonly string[];
}

const hour = 60 * 60_000;

/**
 * Brings releases of a project to its targets outside of the pipeline. What each is to have is written down before anything is attempted,
 * so that whatever fails is tried again (`retry`), and no attempt for an older release can go on beside one for a newer.
 */
export function createDelivery({ targets, writeManifests, copyReleases, logger }: Services) {
  /** Writes down what a target is to have; the state as it is then. */
  async function request(
    project: string,
    { target, kind }: Named,
    release: Deliverable,
    options: { call: Call; dueAt?: string },
  ): Promise<TargetState | undefined> {
    for (;;) {
      const known = await targets.get(project, target);
      const state = requested(known, { project, target, kind }, release, { ...options, now: new Date() });
      if (!state) return known;
      if (await targets.save(state)) return state;
    }
  }

  /** What the next target gets from one that has a release now: a pull request, or a promotion when its time has come. */
  async function callNext(
    { name, deploy = [] }: Pick<Project, 'name' | 'deploy'>,
    { target, wanted }: TargetState,
  ): Promise<TargetState[]> {
    const next = deploy[deploy.findIndex((each) => each.name === target) + 1];
    // Who takes a release back here has not yet decided about the next one.
    if (next?.on !== 'promotion' || wanted.call.type === 'rollback') return [];
    const { afterHours, mode } = next;
    const named: Named = { target: next.name, kind: 'manifest' };
    if (afterHours !== undefined) {
      const dueAt = new Date(Date.now() + afterHours * hour).toISOString();
      await request(name, named, wanted, { call: { type: 'promotion', by: `${afterHours} hours` }, dueAt });
      return [];
    }
    if (mode !== 'pull-request') return [];
    const state = await request(name, named, wanted, { call: { type: 'release' } });
    return state ? [state] : [];
  }

  async function write(project: Owner, states: readonly TargetState[]): Promise<void> {
    const jobs = states.flatMap((state) => {
      const target = project.deploy?.find(({ name }) => name === state.target);
      return target && (state.state === 'pending' || state.state === 'proposed') ? [{ target, state }] : [];
    });
    if (jobs.length === 0) return;
    const outcomes = await writeManifests(jobs);
    const next: TargetState[] = [];
    for (const { state } of jobs) {
      const after = await settle(state, outcomes.get(state.target));
      if (after?.state === 'delivered') next.push(...(await callNext(project, after)));
    }
    await write(project, next);
  }

  async function copy(project: Owner, states: readonly TargetState[]): Promise<void> {
    const mine: TargetState[] = [];
    for (const state of states.filter((each) => each.state === 'pending').map((each) => begun(each, new Date())))
      if (await targets.save(state)) mine.push(state);
    if (mine.length === 0) return;
    const outcomes = await copyReleases(project, mine);
    for (const state of mine) await settle(state, outcomes.get(state.target));
  }

  /** Writes down what an attempt came to. If another process was first, it knows as much as this one. */
  async function settle(
    state: TargetState,
    outcome: DeliveryOutcome = { kind: 'overtaken' },
  ): Promise<TargetState | undefined> {
    const after = attempted(state, outcome, new Date(), Math.random());
    const about = { project: state.project, target: state.target, release: state.wanted.tag, outcome };
    if (outcome.kind === 'failed') logger.warn('A release is not at its target', about);
    else logger.info('A release went to its target', about);
    return after && (await targets.save(after)) ? after : undefined;
  }

  async function attempt(project: Owner, states: readonly TargetState[]): Promise<void> {
    const { manifest = [], registry = [] } = Object.groupBy(states, ({ kind }) => kind);
    await Promise.all([write(project, manifest), copy(project, registry)]);
  }

  /** The targets that a release goes to: those that are named, or else those of its ref and all registries. */
  function called(project: Owner, { ref }: Deliverable, only: Options['only']): Named[] {
    const isCalled = (target: DeployTarget) => only === undefined && isCalledBy(target, project, ref);
    const { deploy = [], destinations } = project;
    const copies = destinationsOf({ ...parseProjectName(project.name), destinations });
    return [
      ...deploy
        .filter((target) => isCalled(target) || only?.includes(target.name))
        .map(({ name }): Named => ({ target: name, kind: 'manifest' })),
      ...copies
        .filter((destination) => only === undefined || only.includes(destination))
        .map((destination): Named => ({ target: destinationTarget(destination, ref), kind: 'registry' })),
    ];
  }

  return {
    /** Delivers a release of a project to its targets: those of its ref, or the ones that are named. Says what they have then. */
    async deliver(project: Owner, release: Deliverable, { call, only }: Options): Promise<TargetState[]> {
      const named = called(project, release, only);
      const states: TargetState[] = [];
      for (const each of named) {
        const state = await request(project.name, each, release, { call });
        if (state) states.push(state);
      }
      await attempt(project, states);
      const names = new Set(named.map(({ target }) => target));
      return (await targets.ofProject(project.name)).filter(({ target }) => names.has(target));
    },

    /** Tries once more what is due. */
    retry: attempt,
  };
}

export type Delivery = ReturnType<typeof createDelivery>;

export function openDelivery(logger: Logger): Delivery {
  return createDelivery({
    targets: openTargets(),
    writeManifests: openWriteManifests(),
    copyReleases: openCopyReleases(),
    logger,
  });
}
