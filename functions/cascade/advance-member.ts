import type { Logger } from '@aws-lambda-powertools/logger';
import { buildIdOf } from '../../core/builds/build-id.ts';
import { cancelledBy } from '../../core/builds/failure.ts';
import {
  afterBuild,
  endWithoutBuild,
  isServedByFirstPush,
  missingParent,
  waitCycle,
} from '../../core/cascade/next-step.ts';
import {
  begin,
  type Decision,
  decide,
  type End,
  follow,
  notified,
  orderOf,
  type Pending,
  type Rebuild,
  retry,
  settle,
  stopWaitingFor,
} from '../../core/cascade/rebuild-state.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import { ownParent } from '../../core/model/project.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { Cancellation, Cascades } from '../../services/tables/cascades.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import { stepOf } from './announce.ts';
import type { AnnounceEnd } from './announce-release.ts';
import { dependentsOfBranch, type GraphServices } from './graph.ts';
import { memberView } from './member-view.ts';
import { type RecordSkippedServices, recordSkipped } from './record-skipped.ts';

interface Services extends GraphServices, RecordSkippedServices, Pick<BuildStarter, 'startRebuild' | 'cancelBuild'> {
  projects: GraphServices['projects'] & RecordSkippedServices['projects'] & Pick<Projects, 'get'>;
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

  const now = () => new Date().toISOString();
  const cancellationOf = async (cascade: string) => (await cascades.header(cascade))?.cancelled;

  /** Ends a project's current round, and notifies the dependents that wait for it. */
  async function end(state: Rebuild, how: End): Promise<void> {
    const round = state.pending?.round;
    const isSame = (current: Rebuild) => current.pending !== undefined && current.pending.round === round;
    await notifyDependents(
      await rebuilds.change(
        state.project,
        (current) => (isSame(current) ? settle(current, how, now()) : undefined),
        state,
      ),
    );
  }

  /** The dependents of a project whose round has ended may be next. The notification is pending until a step is queued for each of them. */
  async function notifyDependents(state: Rebuild): Promise<void> {
    const { project, toNotify, last, pending, version } = state;
    if (toNotify === undefined || !last) return;
    const { outcome, at, build, reason, cascade, parents, root } = last;
    await cascades.putMember(cascade, {
      project,
      state: outcome,
      parents,
      root,
      since: at,
      version,
      build,
      reason,
    });
    if (pending) await cascades.putMember(pending.cascade, memberView(pending, state));
    const names = [...(await dependentsOfBranch(project, services)), ...(pending ? [project] : [])];
    await triggers.sendBatch(names.map((name) => stepOf(cascade, name)));
    await rebuilds.change(project, (current) => notified(current, toNotify), state);
  }

  async function skip(state: Rebuild, project: ProjectRecord, error: string, reason: string): Promise<Step> {
    const build = state.pending && (await recordSkipped(services, { project, state, error, reason }));
    await end(state, { outcome: 'skipped', reason, build });
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
    await end(state, { outcome: 'cancelled', reason: failure.message, build: running ? undefined : pending.build });
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
      await end(state, { outcome: 'not-needed', reason: 'The project has left the index.' });
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
        await end(state, { outcome: 'not-needed', reason: 'None of its parents was released anew.' });
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

  async function decideFor(pending: Pending): Promise<Decision> {
    const parents = await rebuilds.getMany(Object.keys(pending.parents));
    return decide(pending, (name) => parents.get(name), new Date());
  }

  /** The parent that a project waits for; undefined if it does not wait. */
  async function awaitedBy(project: string): Promise<string | undefined> {
    const { pending } = await rebuilds.get(project);
    const decision = pending?.state === 'waiting' ? await decideFor(pending) : undefined;
    return decision?.do === 'wait' ? decision.for : undefined;
  }

  async function waitsForItself(project: string, parent: string): Promise<boolean> {
    const waitsFor = new Map<string, string | undefined>();
    for (;;) {
      const found = waitCycle(project, parent, waitsFor);
      if (found.do === 'answer') return found.isCycle;
      waitsFor.set(found.project, await awaitedBy(found.project));
    }
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
      await end(state, endWithoutBuild(project, started?.message));
      return nothing;
    }
    // The cascade may have been cancelled when there was no build to end yet.
    const cancelled = isTerminal(started.status) ? undefined : await cancellationOf(cascade);
    if (cancelled && started.cascade === cascade)
      await cancelBuild(started.id, cancelledBy(cancelled.by, cancelled.reason, 'cascade'));
    const known =
      started.id === pending.build
        ? state
        : await rebuilds.change(
            state.project,
            (current) => (isSameTry(current, state) ? follow(current, started.id) : undefined),
            state,
          );
    const { unfinished } = isTerminal(started.status) ? await endWith(known, started) : nothing;
    return { builds: [started.id], unfinished };
  }

  const isSameTry = ({ pending }: Rebuild, { pending: tried }: Building) =>
    pending?.round === tried.round && pending.attempt === tried.attempt;

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
    if (!unfinished) await end(await rebuilds.get(state.project), after.end);
    return { unfinished };
  }

  /** The build was superseded and no other one serves: the project waits again, and its next step may begin at once. */
  async function tryAgain(state: Rebuild): Promise<void> {
    const { pending } = state;
    const next = await rebuilds.change(
      state.project,
      (current) =>
        current.pending?.state === 'building' && current.pending.build === pending?.build
          ? retry(current, now())
          : undefined,
      state,
    );
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
