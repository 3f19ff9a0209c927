import { planCascade } from '../../../core/cascade/rebuild-order.ts';
import {
  begin,
  decide,
  idleRebuild,
  notified,
  type Outcome,
  type Rebuild,
  receive,
  settle,
} from '../../../core/cascade/rebuild-state.ts';
import type { Cause } from '../../../core/model/build.ts';

interface Options {
  /** By project, the projects that depend on it. */
  children: Map<string, string[]>;
  /** Which of the things that could happen next does. */
  pick: (length: number) => number;
  /** How a build of a project ends. */
  endOf: (project: string) => Outcome;
}

const at = '2026-11-21T00:00:00.000Z';
const cause: Cause = { type: 'parent-released', parents: [] };

/**
 * Cascades by their pure parts alone: news that is told project by project, steps in a queue that promises no order, builds that end when
 * they like, and anything of it may happen between any two others.
 */
export function createCascadeWorld({ children, pick, endOf }: Options) {
  const states = new Map<string, Rebuild>();
  const steps: string[] = [];
  const running: string[] = [];
  /** ProjectEvent on its way, project by project. */
  const planners: Generator<void>[] = [];
  const begun: { project: string; moment: number }[] = [];
  const ended: { project: string; moment: number; outcome: Outcome }[] = [];
  let moment = 0;

  const stateOf = (project: string) => states.get(project) ?? idleRebuild(project);
  const childrenOf = (project: string) => children.get(project) ?? [];

  function* tell(id: string, roots: string[]): Generator<void> {
    const own = new Set(roots);
    const { members } = planCascade(roots, childrenOf);
    const childrenFirst = members.toSorted((one, other) => other.level - one.level);
    for (const { project, parents } of childrenFirst) {
      const news = { id, cascade: 'c', at, parents, cause: own.has(project) ? cause : undefined };
      states.set(project, receive(stateOf(project), news));
      yield;
    }
    steps.push(...members.filter(({ parents }) => parents.length === 0).map(({ project }) => project));
  }

  function step(project: string): void {
    const state = stateOf(project);
    if (state.pending?.state !== 'waiting') return;
    const decision = decide(state.pending, stateOf, new Date(at));
    switch (decision.do) {
      case 'wait':
        return;
      case 'start':
        states.set(project, begin(state, `${project} ${state.pending.round}`, decision.cause, at));
        begun.push({ project, moment: moment++ });
        running.push(project);
        return;
      default:
        end(project, decision.do === 'skip' ? 'skipped' : 'not-needed');
    }
  }

  function end(project: string, outcome: Outcome): void {
    ended.push({ project, moment: moment++, outcome });
    const state = stateOf(project);
    const settled = settle(state, { outcome, build: state.pending?.build }, at);
    // What waits for it is called, and it itself if there is more for it to do.
    steps.push(...childrenOf(project), ...(settled.pending ? [project] : []));
    states.set(project, notified(settled, settled.toNotify ?? 0));
  }

  return {
    begun,
    ended,
    states,

    announce(id: string, roots: string[]): void {
      planners.push(tell(id, roots));
    },

    /** Lets one thing happen; false if there is nothing left. */
    advance(): boolean {
      const choice = pick(planners.length + steps.length + running.length);
      if (choice < planners.length) {
        if (planners[choice]?.next().done) planners.splice(choice, 1);
      } else if (choice < planners.length + steps.length) {
        const [project] = steps.splice(choice - planners.length, 1);
        if (project !== undefined) step(project);
      } else {
        const [project] = running.splice(choice - planners.length - steps.length, 1);
        if (project !== undefined) end(project, endOf(project));
      }
      return planners.length + steps.length + running.length > 0;
    },
  };
}
