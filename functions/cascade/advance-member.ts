import type { Logger } from '@aws-lambda-powertools/logger';
import { buildIdOf } from '../../core/builds/build-id.ts';
import {
  begin,
  decide,
  type End,
  follow,
  orderOf,
  type Pending,
  type Rebuild,
  retry,
  settle,
  stopWaitingFor,
  told,
} from '../../core/cascade/rebuild-state.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import { ownParent } from '../../core/model/project.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { Cascades } from '../../services/tables/cascades.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { StartRebuild } from '../builds/start-build.ts';
import { stepOf } from './announce.ts';
import type { AnnounceEnd } from './announce-release.ts';
import { dependentsOfBranch, type GraphServices } from './graph.ts';
import { memberView } from './member-view.ts';
import { type RecordSkippedServices, recordSkipped } from './record-skipped.ts';

interface Services extends GraphServices, RecordSkippedServices {
  projects: GraphServices['projects'] & RecordSkippedServices['projects'] & Pick<Projects, 'get'>;
  cascades: Pick<Cascades, 'putMember'>;
  rebuilds: Pick<Rebuilds, 'get' | 'getMany' | 'change' | 'write'>;
  triggers: Pick<Triggers, 'sendBatch'>;
  startRebuild: StartRebuild;
  announceEnd: AnnounceEnd;
  logger: Logger;
}

interface Step {
  /** Those that it started. */
  builds: string[];
  /** There was no time for all of it. */
  unfinished: boolean;
}

const nothing: Step = { builds: [], unfinished: false };

type Building = Rebuild & { pending: Pending & { build: string } };

/** Takes one project of a cascade further, as far as it goes at this moment. Each of it may be done twice, or again after half of it. */
export function createAdvanceMember(services: Services) {
  const { announceEnd, builds, cascades, logger, projects, rebuilds, startRebuild, triggers } = services;

  const now = () => new Date().toISOString();

  /** Ends the round that a project is in, and has those looked at that wait for it. */
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

  /** Those that stand on a project whose round has ended may be next. It is noted as untold until they have been called. */
  async function notifyDependents(state: Rebuild): Promise<void> {
    const { project, toNotify, last, pending, version } = state;
    if (toNotify === undefined || !last) return;
    const { outcome, at, build, reason, cascade, parents, root } = last;
    await cascades.putMember(cascade, {
      ...{ project, state: outcome, parents, root, since: at, version },
      build,
      reason,
    });
    if (pending) await cascades.putMember(pending.cascade, memberView(pending, state));
    const called = [...(await dependentsOfBranch(project, services)), ...(pending ? [project] : [])];
    await triggers.sendBatch(called.map((name) => stepOf(cascade, name)));
    await rebuilds.change(project, (current) => told(current, toNotify));
  }

  /** A parent of the index without any release, on which nothing can be built. */
  async function missingParent(project: ProjectRecord): Promise<string | undefined> {
    const parents = await projects.getMany(project.dependsOn.flatMap((parent) => ownParent(parent) ?? []));
    return parents.find((parent) => parent.active && !parent.released)?.name;
  }

  async function skip(state: Rebuild, project: ProjectRecord, error: string, reason: string): Promise<Step> {
    const build = state.pending && (await recordSkipped(services, { project, state, error, reason }));
    await end(state, { outcome: 'skipped', reason, build });
    return nothing;
  }

  async function goOn(state: Rebuild, isStuck = false): Promise<Step> {
    const { pending } = state;
    if (!pending) return nothing;
    if (pending.state === 'building') return build(state as Building);
    const project = await projects.get(state.project);
    if (!project?.active) {
      await end(state, { outcome: 'not-needed', reason: 'The project has left the index.' });
      return nothing;
    }
    const parents = await rebuilds.getMany(Object.keys(pending.parents));
    const decision = decide(pending, (name) => parents.get(name), new Date());
    switch (decision.do) {
      case 'wait':
        return isStuck && (await waitsForItself(state.project, decision.for))
          ? recordHead(state, decision.for)
          : nothing;
      case 'skip':
        return skip(state, project, 'ParentFailedError', decision.reason);
      case 'nothing':
        await end(state, { outcome: 'not-needed', reason: 'None of its parents was released anew.' });
        return nothing;
    }
    const missing = await missingParent(project);
    if (missing)
      return skip(state, project, 'ParentMissingError', `Not built, because ${missing} has never been released.`);
    const id = buildIdOf(orderOf(pending), project.name);
    const begun = await rebuilds.write(state, begin(state, id, decision.cause, now()));
    // Somebody else was quicker, or there is more news: it is looked at again.
    return begun ? build(begun as Building) : goOn(await rebuilds.get(project.name));
  }

  /**
   * Whether those who wait for one another come back to the project. Plans have no cycles; but when edges have turned around between two
   * plans, what the two say together may have one.
   */
  async function waitsForItself(project: string, parent: string): Promise<boolean> {
    const seen = new Set<string>();
    let next = parent;
    while (next !== project && !seen.has(next)) {
      seen.add(next);
      const { pending } = await rebuilds.get(next);
      if (pending?.state !== 'waiting') return false;
      const parents = await rebuilds.getMany(Object.keys(pending.parents));
      const decision = decide(pending, (name) => parents.get(name), new Date());
      if (decision.do !== 'wait') return false;
      next = decision.for;
    }
    return next === project;
  }

  async function recordHead(state: Rebuild, parent: string): Promise<Step> {
    logger.warn('Projects wait for one another', { project: state.project, parent });
    const passed = await rebuilds.write(state, stopWaitingFor(state, parent));
    return goOn(passed ?? (await rebuilds.get(state.project)));
  }

  async function build(state: Building): Promise<Step> {
    const { pending } = state;
    await cascades.putMember(pending.cascade, memberView(pending, state));
    const existing = await builds.get(pending.build);
    if (existing && isTerminal(existing.status)) return { builds: [], ...(await endWith(state, existing)) };
    const project = await projects.get(state.project);
    if (!project || !pending.cause) return nothing;
    const { cause, cascade, noCache } = pending;
    // The first push of a new entry may be planned before its turn comes. Where nothing is waited for, its build is the very same.
    const isNew = cause.type === 'index' && cause.change === 'added' && Object.keys(pending.parents).length === 0;
    const unlessSince = isNew ? project.indexedAt : undefined;
    const order = { trigger: orderOf(pending), project, cause, cascade, noCache, unlessSince };
    const started = await startRebuild(order).catch((error: unknown) => {
      // Only a branch that no build is known of is asked for, and watch-sources looks for it when its host is back.
      if (!(error instanceof UpstreamError)) throw error;
      return error;
    });
    if (started instanceof UpstreamError || !started) {
      const reason = started ? started.message : `There is no branch ${project.gitBranch}. Its first push is built.`;
      await end(state, { outcome: project.released ? 'not-needed' : 'skipped', reason });
      return nothing;
    }
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

  /** What the end of its build means for a project. */
  async function endWith(state: Rebuild, ended: Build): Promise<{ unfinished: boolean }> {
    let build = ended;
    while (build.status === 'superseded') {
      const next = build.supersededBy === undefined ? undefined : await builds.get(build.supersededBy);
      // A build that began before the parents were through may not have seen what they released.
      if (!next || next.createdAt < (state.pending?.since ?? '')) {
        await again(state);
        return { unfinished: false };
      }
      const before = build.id;
      await rebuilds.change(state.project, (current) =>
        current.pending?.build === before ? follow(current, next.id) : undefined,
      );
      build = next;
    }
    if (!isTerminal(build.status)) return { unfinished: false };
    // Those who wait for the project hear of what else its end means before it is through: none of them is on its way yet.
    const { unfinished } = await announceEnd(build, state.pending?.cascade);
    if (!unfinished) await end(await rebuilds.get(state.project), { outcome: build.status, build: build.id });
    return { unfinished };
  }

  /** The build is gone without a successor: the project waits once more, and nothing is in its way. */
  async function again(state: Rebuild): Promise<void> {
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

    /** @param isStuck nothing has moved the project for a while */
    async step(name: string, isStuck = false): Promise<Step> {
      const state = await rebuilds.get(name);
      await notifyDependents(state);
      return goOn(state.toNotify === undefined ? state : await rebuilds.get(name), isStuck);
    },
  };
}

export type Members = ReturnType<typeof createAdvanceMember>;
