import { createHash } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { type CascadeMember, planCascade } from '../../core/cascade/rebuild-order.ts';
import { idleRebuild, type Rebuild, receive } from '../../core/cascade/rebuild-state.ts';
import { inBatches, mapConcurrently } from '../../core/concurrency.ts';
import type { Cause } from '../../core/model/build.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { Cascades } from '../../services/tables/cascades.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import { type GraphServices, graphBelow } from './graph.ts';
import { memberView } from './member-view.ts';

/** Something that calls for projects to be rebuilt, and with them everything that stands on them. */
export interface CascadeEvent {
  /** The same however often the news comes. */
  id: string;
  /** What people read as the reason. */
  cause: Cause;
  roots: {
    project: string;
    /** Where it differs from the news' own. */
    cause?: Cause;
    noCache?: boolean;
  }[];
  /** The cascade that it comes from, which it joins unless another one is running where it leads. */
  joins?: string | undefined;
}

export interface Announced {
  /** Absent if nothing of the index is concerned. */
  cascade?: string;
  members: number;
  /** There was no time for all of it: the same news is to be announced again at once. */
  unfinished: boolean;
}

interface Services extends GraphServices {
  cascades: Pick<Cascades, 'answerTo' | 'answerWith' | 'note' | 'addMembers' | 'putMember'>;
  rebuilds: Pick<Rebuilds, 'getMany' | 'change'>;
  triggers: Pick<Triggers, 'sendBatch'>;
  logger: Logger;
}

/** It leaves of the function's minute what the last part and the steps take. */
const budgetMilliseconds = 40_000;
const writesAtOnce = 48;
const membersAtOnce = 500;

/**
 * Has every project that the news concerns wait for its turn, and then lets those go that wait for nothing. The children hear of it
 * before their parents do, so that a parent that is through finds them waiting (docs/cascades.md).
 */
export function createAnnounce(services: Services) {
  const { cascades, rebuilds, triggers, logger } = services;

  return async function announce(news: CascadeEvent, budget = budgetMilliseconds): Promise<Announced> {
    const now = Date.now;
    const deadline = now() + budget;
    const graph = await graphBelow(
      news.roots.map(({ project }) => project),
      services,
    );
    const calls = new Map(news.roots.filter(({ project }) => graph.has(project)).map((root) => [root.project, root]));
    const { members, cycles } = planCascade(calls.keys(), (project) => graph.get(project) ?? []);
    if (members.length === 0) return { members: 0, unfinished: false };
    if (cycles.length > 0) logger.warn('Projects stand on one another', { cycles: cycles.slice(0, 5) });

    const states = await rebuilds.getMany(members.map(({ project }) => project));
    const known = await cascades.answerTo(news.id);
    const cascade = known ?? (await cascades.answerWith(news.id, chooseCascade(news, states, new Date(now()))));
    await cascades.note(cascade, { id: news.id, cause: news.cause, at: new Date(now()).toISOString() });

    const tellOne = async (member: CascadeMember, before: Rebuild): Promise<void> => {
      const root = calls.get(member.project);
      const state = await rebuilds.change(
        member.project,
        (current) =>
          receive(current, {
            id: news.id,
            cascade,
            at: new Date(now()).toISOString(),
            parents: member.parents,
            cause: root && (root.cause ?? news.cause),
            noCache: root?.noCache,
          }),
        before,
      );
      if (state.version === before.version) return;
      const { pending } = state;
      if (before.pending && pending) await cascades.putMember(pending.cascade, memberView(pending, state));
      else if (pending && pending.cascade !== cascade) {
        // Other news came between the reading and the writing: the project is a member there and not here.
        const reason = `It is rebuilt in the cascade ${pending.cascade}.`;
        await cascades.putMember(cascade, { ...memberView(pending, state), state: 'not-needed', reason });
      }
    };

    for (const part of childrenFirst(members)) {
      const opened = part.map((member) => ({
        member,
        before: states.get(member.project) ?? idleRebuild(member.project),
      }));
      const fresh = opened.filter(({ before }) => !before.pending && !before.received[news.id]);
      await cascades.addMembers(
        cascade,
        fresh.map(({ member, before }) => ({
          project: member.project,
          state: 'waiting',
          parents: member.parents,
          root: calls.has(member.project),
          since: new Date(now()).toISOString(),
          version: before.version + 1,
        })),
      );
      await mapConcurrently(opened, writesAtOnce, ({ member, before }) => tellOne(member, before));
      if (now() > deadline) return { cascade, members: members.length, unfinished: true };
    }

    // After a try that died, somebody may have come to an end before a project that stands on it was written: all are looked at.
    const ready = known === undefined ? members.filter(({ parents }) => parents.length === 0) : members;
    await triggers.sendBatch(ready.map(({ project }) => stepOf(cascade, project)));
    return { cascade, members: members.length, unfinished: false };
  };
}

export type Announce = ReturnType<typeof createAnnounce>;

/** In the place of a cascade's name: the project has not moved for a while, whatever cascade it is in. */
export const stalled = 'stalled';

export function stepOf(cascade: string, project: string): TriggerOf<'cascade-step'> {
  const receivedAt = new Date().toISOString();
  const id = `step:${createHash('sha256').update(`${cascade}\n${project}`).digest('hex').slice(0, 32)}`;
  return { type: 'cascade-step', id, receivedAt, cascade, project };
}

/** The oldest that runs where the news leads, so that one thing is seen and not two; else a new one. */
function chooseCascade(news: CascadeEvent, states: Map<string, Rebuild>, now: Date): string {
  const running = [...states.values()].flatMap(({ pending }) => pending?.cascade ?? []).sort();
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const hash = createHash('sha256').update(news.id).digest('hex').slice(0, 6);
  return running[0] ?? news.joins ?? `${time}Z-${hash}`;
}

/** In parts, none of which holds a project and its parent, the lowest first. */
function childrenFirst(members: CascadeMember[]): CascadeMember[][] {
  const levels = [...Map.groupBy(members, ({ level }) => level).entries()].sort(([one], [other]) => other - one);
  return levels.flatMap(([, level]) => inBatches(level, membersAtOnce));
}
