import type { Logger } from '@aws-lambda-powertools/logger';
import type { Project } from '../../core/model/project.ts';
import type { Call, Deliverable } from '../../core/targets/deliverable.ts';
import { callOfNext, nextTarget } from '../../core/targets/next-target.ts';
import {
  attempted,
  begun,
  type DeliveryOutcome,
  isDue,
  isWorthMail,
  kindOf,
  requested,
  type TargetState,
} from '../../core/targets/target-state.ts';
import type { Targets } from '../../services/tables/targets.ts';
import type { NotifyTarget } from './notify-target.ts';

interface Services {
  targets: Pick<Targets, 'get' | 'save' | 'ofProject'>;
  /** Absent if the caller gets the outcome as its answer. */
  notify?: NotifyTarget | undefined;
  logger: Logger;
}

type Named = Pick<TargetState, 'target' | 'kind'>;

/** Keeps the record of each target: the release that it wants, who works on it, and the outcome. Every delivery goes through it. */
export function createTrackTargets({ targets, notify, logger }: Services) {
  /** Stores the release that a target wants, and returns the new state. */
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

  return {
    request,

    /** The targets of a kind that are due now, claimed so that no other process works on them. */
    async take(project: string, kind: TargetState['kind'], now: Date): Promise<TargetState[]> {
      const due = (await targets.ofProject(project)).filter((state) => state.kind === kind && isDue(state, now));
      const taken: TargetState[] = [];
      for (const state of due.map((each) => begun(each, now))) if (await targets.save(state)) taken.push(state);
      return taken;
    },

    /** Stores the outcome of an attempt. Undefined if it says nothing new, or if another process was first. */
    async settle(
      state: TargetState,
      outcome: DeliveryOutcome = { kind: 'overtaken' },
    ): Promise<TargetState | undefined> {
      const after = attempted(state, outcome, new Date(), Math.random());
      const about = { project: state.project, target: state.target, release: state.wanted.tag, outcome };
      if (outcome.kind === 'failed') logger.warn('A release is not at its target', about);
      else logger.info('A release went to its target', about);
      if (!after) return undefined;
      // Before the state is stored: after a crash in between it is repeated, and its id sends the mail only once.
      if (isWorthMail(after)) await notify?.(after);
      return (await targets.save(after)) ? after : undefined;
    },

    /** Calls for what the next target gets from one that has a release now. */
    async callNext(
      { name, deploy = [] }: Pick<Project, 'name' | 'deploy'>,
      { target, wanted }: TargetState,
    ): Promise<TargetState | undefined> {
      const next = nextTarget(deploy, target);
      if (!next) return undefined;
      const isOffered = (await targets.get(name, next.name))?.state === 'proposed';
      const options = callOfNext(next, wanted.call, { isOffered, now: new Date() });
      return options && request(name, { target: next.name, kind: kindOf(next) }, wanted, options);
    },
  };
}

export type TrackTargets = ReturnType<typeof createTrackTargets>;
