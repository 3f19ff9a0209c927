import type { Logger } from '@aws-lambda-powertools/logger';
import { buildIdOf } from '../../core/builds/build-id.ts';
import { cancelledBy } from '../../core/builds/failure.ts';
import { afterBuild, endWithoutBuild, isServedByFirstPush, missingParent } from '../../core/cascade/next-step.ts';
import {
  begin,
  follow,
  orderOf,
  type Pending,
  type Rebuild,
  retry,
  stopWaitingFor,
} from '../../core/cascade/rebuild-state.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import { ownParent } from '../../core/model/project-name.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { Cancellation, Cascades } from '../../services/tables/cascades.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import { stepOf } from './announce.ts';
import type { AnnounceEnd } from './announce-release.ts';
import { createEndRound, type EndRoundServices } from './end-round.ts';
import { memberView } from './member-view.ts';
import { type RecordSkippedServices, recordSkipped } from './record-skipped.ts';
import { createWaitForParents } from './wait-for-parents.ts';

interface Services extends EndRoundServices, RecordSkippedServices, Pick<BuildStarter, 'startRebuild' | 'cancelBuild'> {
  projects: EndRoundServices['projects'] & RecordSkippedServices['projects'] & Pick<Projects, 'get'>;
  cascades: Pick<Cascades, 'putMember' | 'header'>;
  rebuilds: Pick<Rebuilds, 'get' | 'getMany' | 'change' | 'write'>;
  triggers: Pick<Triggers, 'sendBatch'>;
  announceEnd: AnnounceEnd;
  logger: Logger;
}

interface Step {
  /** The builds that it started. */
  builds: string[];
  /** The time was too short to finish. */
  unfinished: boolean;
}

const nothing: Step = { builds: [], unfinished: false };

type Building = Rebuild & { pending: Pending & { build: string } };

/** Advances one project of a cascade as far as possible at this moment. Each step may be repeated, also after a crash in the middle. */
export function createAdvanceMember(services: Services) {
  const { announceEnd, builds, cancelBuild, cascades, logger, projects, rebuilds, startRebuild, triggers } = services;
  const { endRound, notifyDependents } = createEndRound(services);
  const { decideFor, waitsForItself } = createWaitForParents(services);

  const now = () => new Date().toISOString();
  const cancellationOf = async (cascade: string) => (await cascades.header(cascade))?.cancelled;

  async function skip(state: Rebuild, project: ProjectRecord, error: string, reason: string): Promise<Step> {
    const build = state.pending && (await recordSkipped(services, { project, state, error, reason }));
    await endRound(state, { outcome: 'skipped', reason, build });
    return nothing;
  }

  /** Its cascade was cancelled: the project is not built, and a build of it that has not begun to set its tags ends. */
  async function cancel(state: Rebuild, pending: Pending, { by, reason }: Cancellation): Promise<Step> {
    const failure = cancelledBy(by, reason, 'cascade');
    const running = pending.build === undefined ? undefined : await builds.get(pending.build);
    if (running && isTerminal(running.status)) return { builds: [], ...(await endWith(state, running)) };
    if (running?.cascade === pending.cascade) {
      // Its end is a trigger, which ends the round.
      await cancelBuild(running.id, failure);
      return nothing;
    }
    // A build of a push, which the round followed, goes on by itself. One that is not recorded may be in a moment: `build` cancels it then.
    await endRound(state, {
      outcome: 'cancelled',
      reason: failure.message,
      build: running ? undefined : pending.build,
    });
    return nothing;
  }

  async function advance(state: Rebuild, isStalled = false): Promise<Step> {
    const { pending } = state;
    if (!pending) return nothing;
    const cancelled = await cancellationOf(pending.cascade);
    if (cancelled) return cancel(state, pending, cancelled);
    if (pending.state === 'building') return build(state as Building);
    const project = await projects.get(state.project);
    if (!project?.active) {
      await endRound(state, { outcome: 'not-needed', reason: 'The project has left the index.' });
      return nothing;
    }
    const decision = await decideFor(pending);
    switch (decision.do) {
      case 'wait':
        return isStalled && (await waitsForItself(state.project, decision.for))
          ? breakCycle(state, decision.for)
          : nothing;
      case 'skip':
        return skip(state, project, 'ParentFailedError', decision.reason);
      case 'nothing':
        await endRound(state, { outcome: 'not-needed', reason: 'None of its parents has a new release.' });
        return nothing;
    }
    const missing = missingParent(await projects.getMany(project.dependsOn.flatMap((each) => ownParent(each) ?? [])));
    if (missing)
      return skip(state, project, 'ParentMissingError', `Not built, because ${missing} has never been released.`);
    const id = buildIdOf(orderOf(pending), project.name);
    const begun = await rebuilds.write(state, begin(state, id, decision.cause, now()));
    // If another writer was first, or another event was received, decide again.
    return begun ? build(begun as Building, project) : advance(await rebuilds.get(project.name));
  }

  async function breakCycle(state: Rebuild, parent: string): Promise<Step> {
    logger.warn('Projects wait for one another', { project: state.project, parent });
    const freed = await rebuilds.write(state, stopWaitingFor(state, parent));
    return advance(freed ?? (await rebuilds.get(state.project)));
  }

  async function build(state: Building, entry?: ProjectRecord): Promise<Step> {
    const { pending } = state;
    await cascades.putMember(pending.cascade, memberView(pending, state));
    const existing = await builds.get(pending.build);
    if (existing && isTerminal(existing.status)) return { builds: [], ...(await endWith(state, existing)) };
    const project = entry ?? (await projects.get(state.project));
    if (!project || !pending.cause) return nothing;
    const { cause, cascade, noCache } = pending;
    const unlessAfter = isServedByFirstPush(cause, pending) ? project.requiredBy?.sequence : undefined;
    const order = { trigger: orderOf(pending), project, cause, cascade, noCache, unlessAfter };
    const started = await startRebuild(order).catch((error: unknown) => {
      // The host is only queried for a branch that has no known head, and watch-sources finds that branch when the host is back.
      if (!(error instanceof UpstreamError)) throw error;
      return error;
    });
    if (started instanceof UpstreamError || !started) {
      await endRound(state, endWithoutBuild(project, started?.message));
      return nothing;
    }
    // The cascade may have been cancelled when there was no build to end yet.
    const cancelled = isTerminal(started.status) ? undefined : await cancellationOf(cascade);
    if (cancelled && started.cascade === cascade)
      await cancelBuild(started.id, cancelledBy(cancelled.by, cancelled.reason, 'cascade'));
    const known = started.id === pending.build ? state : await followBuild(state, started.id);
    const { unfinished } = isTerminal(started.status) ? await endWith(known, started) : nothing;
    return { builds: [started.id], unfinished };
  }

  /** Another build serves the round than the one that was planned for it. */
  function followBuild(state: Building, build: string): Promise<Rebuild> {
    const { round, attempt } = state.pending;
    const isSameTry = ({ pending }: Rebuild) => pending?.round === round && pending.attempt === attempt;
    const followed = (current: Rebuild) => (isSameTry(current) ? follow(current, build) : undefined);
    return rebuilds.change(state.project, followed, state);
  }

  /** Ends a project's round with its build, follows the build that superseded it, or tries again. */
  async function endWith(state: Rebuild, ended: Build): Promise<{ unfinished: boolean }> {
    const successor = ended.supersededBy === undefined ? undefined : await builds.get(ended.supersededBy);
    const after = afterBuild(state.pending, ended, successor);
    if (after.do === 'follow') {
      await rebuilds.change(state.project, (current) =>
        current.pending?.build === ended.id ? follow(current, after.build.id) : undefined,
      );
      return endWith(state, after.build);
    }
    if (after.do === 'retry') await tryAgain(state);
    if (after.do !== 'end') return { unfinished: false };
    // Announced before the round ends, because until then the dependents that wait for the project cannot begin.
    const { unfinished } = await announceEnd(ended, state.pending?.cascade);
    if (!unfinished) await endRound(await rebuilds.get(state.project), after.end);
    return { unfinished };
  }

  /** The build was superseded and no other one serves: the project waits again, and its next step may begin at once. */
  async function tryAgain(state: Rebuild): Promise<void> {
    const tried = state.pending?.build;
    const isSameBuild = ({ pending }: Rebuild) => pending?.state === 'building' && pending.build === tried;
    const again = (current: Rebuild) => (isSameBuild(current) ? retry(current, now()) : undefined);
    const next = await rebuilds.change(state.project, again, state);
    if (next.pending) await triggers.sendBatch([stepOf(next.pending.cascade, state.project)]);
  }

  return {
    endWith,
    notifyDependents,

    /** @param isStalled the project has been stalled for a while */
    async step(name: string, isStalled = false): Promise<Step> {
      const state = await rebuilds.get(name);
      await notifyDependents(state);
      return advance(state.toNotify === undefined ? state : await rebuilds.get(name), isStalled);
    },
  };
}

export type Members = ReturnType<typeof createAdvanceMember>;
