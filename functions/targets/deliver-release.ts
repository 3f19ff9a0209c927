import type { Logger } from '@aws-lambda-powertools/logger';
import type { DeployTarget } from '../../core/model/manifest-target.ts';
import type { Project } from '../../core/model/project.ts';
import {
  attempted,
  type Call,
  type Deliverable,
  isCalledBy,
  requested,
  type TargetState,
} from '../../core/targets/target-state.ts';
import { openTargets, type Targets } from '../../services/tables/targets.ts';
import { openWriteManifests, type WriteManifests } from '../manifests/write-manifests.ts';

interface Services {
  targets: Targets;
  writeManifests: WriteManifests;
  logger: Logger;
}

type Owner = Pick<Project, 'name' | 'gitBranch' | 'deploy'>;

interface Options {
  call: Call;
  /** Only these targets; those that get the releases of its ref by themselves where it is absent. */
  only?: readonly string[];
}

const hour = 60 * 60_000;

/**
 * Brings releases of a project to its targets outside of the pipeline. What each is to have is written down before anything is attempted,
 * so that whatever fails is tried again (`retry`), and no attempt for an older release can go on beside one for a newer.
 */
export function createDelivery({ targets, writeManifests, logger }: Services) {
  /** Writes down what a target is to have; the state as it is then. */
  async function request(
    project: string,
    target: string,
    release: Deliverable,
    options: { call: Call; dueAt?: string },
  ): Promise<TargetState | undefined> {
    for (;;) {
      const known = await targets.get(project, target);
      const key = { project, target, kind: 'manifest' } as const;
      const state = requested(known, key, release, { ...options, now: new Date() });
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
    if (afterHours !== undefined) {
      const dueAt = new Date(Date.now() + afterHours * hour).toISOString();
      await request(name, next.name, wanted, { call: { type: 'promotion', by: `${afterHours} hours` }, dueAt });
      return [];
    }
    if (mode !== 'pull-request') return [];
    const state = await request(name, next.name, wanted, { call: { type: 'release' } });
    return state ? [state] : [];
  }

  async function attempt(project: Owner, states: readonly TargetState[]): Promise<void> {
    const jobs = states.flatMap((state) => {
      const target = project.deploy?.find(({ name }) => name === state.target);
      return target && (state.state === 'pending' || state.state === 'proposed') ? [{ target, state }] : [];
    });
    if (jobs.length === 0) return;
    const outcomes = await writeManifests(jobs);
    const next: TargetState[] = [];
    for (const { state } of jobs) {
      const outcome = outcomes.get(state.target) ?? { kind: 'overtaken' };
      const after = attempted(state, outcome, new Date(), Math.random());
      const about = { project: project.name, target: state.target, release: state.wanted.tag, outcome };
      if (outcome.kind === 'failed') logger.warn('A release is not at its target', about);
      else logger.info('A release went to its target', about);
      // If another process was first, it knows as much as this one.
      if (after && (await targets.save(after)) && after.state === 'delivered')
        next.push(...(await callNext(project, after)));
    }
    await attempt(project, next);
  }

  return {
    /** Delivers a release of a project to its targets: those of its ref, or the ones that are named. Says what they have then. */
    async deliver(project: Owner, release: Deliverable, { call, only }: Options): Promise<TargetState[]> {
      const isCalled = (target: DeployTarget) =>
        only ? only.includes(target.name) : isCalledBy(target, project, release.ref);
      const called = (project.deploy ?? []).filter(isCalled).map(({ name }) => name);
      const states: TargetState[] = [];
      for (const name of called) {
        const state = await request(project.name, name, release, { call });
        if (state) states.push(state);
      }
      await attempt(project, states);
      return (await targets.ofProject(project.name)).filter(({ target }) => called.includes(target));
    },

    /** Tries once more what is due. */
    retry: attempt,
  };
}

export type Delivery = ReturnType<typeof createDelivery>;

export function openDelivery(logger: Logger): Delivery {
  return createDelivery({ targets: openTargets(), writeManifests: openWriteManifests(), logger });
}
