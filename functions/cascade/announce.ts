import { createHash } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { cascadeOf, childrenFirst } from '../../core/cascade/announcement.ts';
import { type CascadeMember, planCascade } from '../../core/cascade/rebuild-order.ts';
import { idleRebuild, type Rebuild, receive } from '../../core/cascade/rebuild-state.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import type { Cause } from '../../core/model/build.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { Cascades } from '../../services/tables/cascades.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import { type GraphServices, graphBelow } from './graph.ts';
import { memberView } from './member-view.ts';

/** An event that rebuilds projects, and with them all their dependents. */
export interface CascadeEvent {
  /** The same each time that the event is received. */
  id: string;
  /** The reason that people see. */
  cause: Cause;
  roots: {
    project: string;
    /** If it differs from the cause of the event. */
    cause?: Cause;
    noCache?: boolean;
  }[];
  /** The cascade that it comes from. It joins this one, unless its members are already in another. */
  joins?: string | undefined;
}

export interface Announced {
  /** Absent if no project of the index is affected. */
  cascade?: string;
  members: number;
  /** The time was too short: the same event is to be announced again at once. */
  unfinished: boolean;
}

interface Services extends GraphServices {
  cascades: Pick<Cascades, 'answerTo' | 'answerWith' | 'cancelledAmong' | 'recordEvent' | 'addMembers' | 'putMember'>;
  rebuilds: Pick<Rebuilds, 'getMany' | 'change'>;
  triggers: Pick<Triggers, 'sendBatch'>;
  logger: Logger;
}

/** The rest of the function's minute is for the last batch and for sending the steps. */
const budgetMilliseconds = 40_000;
const writesAtOnce = 48;
const membersAtOnce = 500;

/**
 * Records every project that an event affects as waiting, and then starts those that wait for no parent. Dependents are recorded before
 * their parents, so that a parent whose round ends finds them waiting (docs/cascades.md).
 */
export function createAnnounce(services: Services) {
  const { cascades, rebuilds, triggers, logger } = services;

  return async function announce(event: CascadeEvent, budget = budgetMilliseconds): Promise<Announced> {
    const now = Date.now;
    const deadline = now() + budget;
    const graph = await graphBelow(
      event.roots.map(({ project }) => project),
      services,
    );
    const roots = new Map(event.roots.filter(({ project }) => graph.has(project)).map((root) => [root.project, root]));
    const { members, cycles } = planCascade(roots.keys(), (project) => graph.get(project) ?? []);
    if (members.length === 0) return { members: 0, unfinished: false };
    if (cycles.length > 0) logger.warn('Projects depend on one another', { cycles: cycles.slice(0, 5) });

    const states = await rebuilds.getMany(members.map(({ project }) => project));
    const known = await cascades.answerTo(event.id);
    const running = [...states.values()].flatMap(({ pending }) => pending?.cascade ?? []);
    const cancelled = await cascades.cancelledAmong(event.joins === undefined ? running : [...running, event.joins]);
    const chosen = () => cascadeOf(event, states.values(), { cancelled, now: new Date(now()) });
    const cascade = known ?? (await cascades.answerWith(event.id, chosen()));
    // What joined a cascade before it was cancelled is cancelled with it.
    cancelled.delete(cascade);
    await cascades.recordEvent(cascade, { id: event.id, cause: event.cause, at: new Date(now()).toISOString() });

    const recordMember = async (member: CascadeMember, before: Rebuild): Promise<void> => {
      const root = roots.get(member.project);
      const state = await rebuilds.change(
        member.project,
        (current) =>
          receive(current, {
            id: event.id,
            cascade,
            at: new Date(now()).toISOString(),
            parents: member.parents,
            cause: root && (root.cause ?? event.cause),
            noCache: root?.noCache,
            cancelled,
          }),
        before,
      );
      if (state.version === before.version) return;
      const { pending } = state;
      if (before.pending && pending) await cascades.putMember(pending.cascade, memberView(pending, state));
      else if (pending && pending.cascade !== cascade) {
        // Another event was received between the read and the write: the project is a member of that event's cascade, not of this one.
        const reason = `It is rebuilt in the cascade ${pending.cascade}.`;
        await cascades.putMember(cascade, { ...memberView(pending, state), state: 'not-needed', reason });
      }
    };

    for (const batch of childrenFirst(members, membersAtOnce)) {
      const opened = batch.map((member) => ({
        member,
        before: states.get(member.project) ?? idleRebuild(member.project),
      }));
      const added = opened.filter(({ before }) => !before.pending && !before.received[event.id]);
      await cascades.addMembers(
        cascade,
        added.map(({ member, before }) => ({
          project: member.project,
          state: 'waiting',
          parents: member.parents,
          root: roots.has(member.project),
          since: new Date(now()).toISOString(),
          version: before.version + 1,
        })),
      );
      await mapConcurrently(opened, writesAtOnce, ({ member, before }) => recordMember(member, before));
      if (now() > deadline) return { cascade, members: members.length, unfinished: true };
    }

    // If an earlier try crashed, a parent's round may have ended before its dependent was recorded. So all members get a step.
    const ready = known === undefined ? members.filter(({ parents }) => parents.length === 0) : members;
    await triggers.sendBatch(ready.map(({ project }) => stepOf(cascade, project)));
    return { cascade, members: members.length, unfinished: false };
  };
}

export type Announce = ReturnType<typeof createAnnounce>;

/** Is used in a step instead of the cascade's name, for a project that has been stalled for a while in any cascade. */
export const stalled = 'stalled';

export function stepOf(cascade: string, project: string): TriggerOf<'cascade-step'> {
  const id = `step:${createHash('sha256').update(`${cascade}\n${project}`).digest('hex').slice(0, 32)}`;
  return { type: 'cascade-step', id, cascade, project };
}
