import { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { holdOf } from '../core/holds/hold.ts';
import { once } from '../core/once.ts';
import { hasTarget, targetBefore } from '../core/targets/promoted-target.ts';
import { promotionStep } from '../core/targets/promotion.ts';
import { isUnderWay, type TargetState } from '../core/targets/target-state.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { openTargets, type Targets } from '../services/tables/targets.ts';
import { type Delivery, openDelivery } from './targets/deliver-release.ts';
import { openNotifyTarget } from './targets/notify-target.ts';
import { createTrackTargets, type TrackTargets } from './targets/track-targets.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  releases: Pick<Releases, 'get'>;
  targets: Pick<Targets, 'due' | 'get' | 'save'>;
  track: Pick<TrackTargets, 'settle'>;
  delivery: Pick<Delivery, 'retry'>;
}

/** An attempt takes seconds, or a minute where a host does not answer. */
const mostAtOnce = 50;
/** No repository is begun after this, because one may take minutes: what is still due then is left for the next run. */
const beginMilliseconds = 4 * 60_000;

/** The target that somebody has promoted a release to. Whoever starts it on a schedule names none. */
const calledSchema = z.object({ project: z.string(), target: z.string() });

/**
 * Delivers what a command has called for. Without a command it retries what is due: a release that did not get to its target, an open pull
 * request, a promotion whose time has come.
 */
export function createRetryDeliveries({ projects, releases, targets, track, delivery }: Services) {
  /** The state in which a promotion goes on; undefined if it does not, or another process has taken it. */
  async function promoted(state: TargetState, owner: ProjectRecord, now: Date): Promise<TargetState | undefined> {
    const { project, target, wanted } = state;
    const before = targetBefore(owner, target);
    const facts = {
      hold: holdOf(owner, now),
      source: before === undefined ? undefined : await targets.get(project, before),
      newFindings: (await releases.get({ project, digest: wanted.digest }))?.appeared ?? 0,
    };
    const step = promotionStep(state, facts, now);
    if (step.do === 'give-up') {
      await track.settle(state, { kind: 'failed', error: step.error, isFinal: true });
      return undefined;
    }
    const isSaved = await targets.save(step.state);
    return isSaved && step.do === 'begin' ? step.state : undefined;
  }

  async function statesFor(input: unknown, now: Date): Promise<TargetState[]> {
    const called = calledSchema.safeParse(input).data;
    if (!called) return targets.due(now, mostAtOnce);
    const state = await targets.get(called.project, called.target);
    return state && (isUnderWay(state) || state.state === 'proposed') ? [state] : [];
  }

  return async function retryDeliveries(input: unknown, now = new Date()): Promise<number> {
    const due = await statesFor(input, now);
    const begunAt = Date.now();
    const errors: unknown[] = [];
    for (const [name, states] of Map.groupBy(due, ({ project }) => project)) {
      if (Date.now() > begunAt + beginMilliseconds) break;
      const project = await projects.get(name);
      const open: TargetState[] = [];
      for (const state of states) {
        if (!project?.active || !hasTarget(project, state.target)) {
          const left = { ...state, state: 'failed' as const, dueAt: undefined, revision: state.revision + 1 };
          await targets.save({ ...left, error: 'The target is not in the index any more.' });
        } else if (state.state !== 'waiting') open.push(state);
        else {
          const next = await promoted(state, project, now);
          if (next) open.push(next);
        }
      }
      // An error with one project does not keep the others from their deliveries.
      if (project) await delivery.retry(project, open).catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
    return due.length;
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'retry-deliveries' });
  const notify = openNotifyTarget(logger);
  const targets = openTargets();
  return createRetryDeliveries({
    projects: openProjects(),
    releases: openReleases(),
    targets,
    track: createTrackTargets({ targets, notify, logger }),
    delivery: openDelivery(logger, notify),
  });
});

export function handler(input: unknown): Promise<number> {
  return run()(input);
}
