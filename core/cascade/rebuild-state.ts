import { z } from 'zod';
import { mergeCauses } from '../builds/cause.ts';
import { type Cause, causeSchema } from '../model/build.ts';

/**
 * Where one project stands with the rebuilds that cascades ask of it. Every change is a pure function from one state to the next,
 * written only if the state is still the one that was read (docs/cascades.md).
 */

export const outcomes = ['released', 'unchanged', 'blocked', 'failed', 'cancelled', 'skipped', 'not-needed'] as const;

/** What a round of rebuilding is called for by. */
const callSchema = z.object({
  cascade: z.string(),
  /** By news: why the project itself is concerned. Empty where only its parents may be released anew. */
  causes: z.record(z.string(), causeSchema),
  /** By parent: the news that it must be through with. */
  parents: z.record(z.string(), z.array(z.string())),
  noCache: z.boolean().optional(),
});

const pendingSchema = callSchema.extend({
  state: z.enum(['waiting', 'building']),
  round: z.int(),
  /** Rises when a build of the round was superseded and nothing took its place. */
  attempt: z.int(),
  /** Of a project that is built: its build, and what was given as the reason. */
  build: z.string().optional(),
  cause: causeSchema.optional(),
  since: z.iso.datetime(),
  /** What came while the build was running already: a further round. */
  again: callSchema.optional(),
});

export const rebuildSchema = z.object({
  project: z.string(),
  /** Rises with every write. */
  version: z.int(),
  /** The last round that was opened. */
  round: z.int(),
  pending: pendingSchema.optional(),
  /** The round whose end the children have yet to be told of. */
  toNotify: z.int().optional(),
  last: z
    .object({
      cascade: z.string(),
      round: z.int(),
      outcome: z.enum(outcomes),
      build: z.string().optional(),
      reason: z.string().optional(),
      at: z.iso.datetime(),
      parents: z.array(z.string()),
      root: z.boolean(),
    })
    .optional(),
  /** The last round that ended with a release. */
  releasedRound: z.int().optional(),
  /** By news: when it was heard, and the round that answers it. It keeps news that comes twice from being answered twice. */
  received: z.record(z.string(), z.object({ at: z.iso.datetime(), round: z.int(), root: z.boolean() })),
});

export type Rebuild = z.infer<typeof rebuildSchema>;
export type Pending = z.infer<typeof pendingSchema>;
export type Outcome = (typeof outcomes)[number];
type Call = z.infer<typeof callSchema>;

/** A trigger comes again for two weeks at most, and by hand; more than this many news are no accident. */
const receivedMilliseconds = 14 * 86_400_000;
const mostReceived = 200;
/** Planning is tried for half an hour. What a parent has not heard of after this long, it never will. */
const receivingMilliseconds = 2 * 3_600_000;
const bad: ReadonlySet<Outcome> = new Set(['blocked', 'failed', 'cancelled', 'skipped']);

export interface ProjectEvent {
  id: string;
  cascade: string;
  at: string;
  /** The parents that the news concerns too. */
  parents: string[];
  /** Present where the project itself is concerned. */
  cause?: Cause | undefined;
  noCache?: boolean | undefined;
}

export function idleRebuild(project: string): Rebuild {
  return { project, version: 0, round: 0, received: {} };
}

/** The state after the news; the same object if it has been heard already. */
export function receive(state: Rebuild, news: ProjectEvent): Rebuild {
  const known = state.received[news.id];
  if (known && (known.root || !news.cause)) return state;
  const { pending } = state;
  const answer = (round: number): Rebuild['received'] => ({
    ...recent(state.received, news.at),
    [news.id]: { at: news.at, round, root: news.cause !== undefined },
  });
  if (!pending) {
    const round = state.round + 1;
    const opened: Pending = { ...called(news), state: 'waiting', round, attempt: 0, since: news.at };
    return { ...state, round, pending: opened, received: answer(round) };
  }
  if (pending.state === 'waiting') {
    return { ...state, pending: { ...pending, ...called(news, pending) }, received: answer(pending.round) };
  }
  if (news.cause?.type === 'index') {
    // The build that runs is of what the entry was. The new one takes its place.
    const round = pending.round + 1;
    const { build: _, cause: __, again, ...left } = pending;
    const waiting: Pending = {
      ...(again ? joined(left, again) : left),
      state: 'waiting',
      round,
      attempt: 0,
      since: news.at,
    };
    return { ...state, round, pending: { ...waiting, ...called(news, waiting) }, received: answer(round) };
  }
  const again = called(news, pending.again);
  return { ...state, pending: { ...pending, again }, received: answer(pending.round + 1) };
}

function called({ id, cascade, parents, cause, noCache }: ProjectEvent, before?: Call): Call {
  const waits: Record<string, string[]> = { ...before?.parents };
  for (const parent of parents) waits[parent] = [...new Set([...(waits[parent] ?? []), id])];
  return {
    cascade: before?.cascade ?? cascade,
    causes: { ...before?.causes, ...(cause ? { [id]: cause } : {}) },
    parents: waits,
    noCache: noCache || before?.noCache || undefined,
  };
}

function recent(received: Rebuild['received'], now: string): Rebuild['received'] {
  const oldest = new Date(Date.parse(now) - receivedMilliseconds).toISOString();
  // DynamoDB keeps no order of names.
  const kept = Object.entries(received)
    .filter(([, { at }]) => at >= oldest)
    .sort(([, one], [, other]) => (one.at < other.at ? -1 : 1));
  return Object.fromEntries(kept.slice(-mostReceived));
}

export type Decision =
  | { do: 'wait'; for: string }
  | { do: 'skip'; reason: string }
  | { do: 'nothing' }
  | { do: 'start'; cause: Cause; noCache: boolean };

/**
 * What is next for a project that waits. Parents that are not through are waited for; one that came to no good end takes the project
 * with it; and if nothing was released anew and the project is not concerned itself, there is nothing to do.
 */
export function decide(pending: Pending, parentOf: (project: string) => Rebuild | undefined, now: Date): Decision {
  const forgotten = new Date(now.getTime() - receivingMilliseconds).toISOString();
  const releasedAnew: string[] = [];
  let failed: string | undefined;
  for (const [parent, news] of Object.entries(pending.parents)) {
    const state = parentOf(parent);
    const rounds: number[] = [];
    for (const id of news) {
      const received = state?.received[id];
      if (received) rounds.push(received.round);
      else if (pending.since > forgotten) return { do: 'wait', for: parent };
    }
    const { last } = state ?? {};
    if (rounds.some((round) => (last?.round ?? 0) < round)) return { do: 'wait', for: parent };
    if (!state || !last || rounds.length === 0) continue;
    if (bad.has(last.outcome)) failed ??= `${parent} ${inWords(last.outcome)}`;
    else if ((state.releasedRound ?? 0) >= Math.min(...rounds)) releasedAnew.push(parent);
  }
  if (failed !== undefined) return { do: 'skip', reason: `Not built, because its parent ${failed}.` };
  const own = Object.values(pending.causes);
  if (own.length === 0 && releasedAnew.length === 0) return { do: 'nothing' };
  const anew: Cause[] = releasedAnew.length > 0 ? [{ type: 'parent-released', parents: releasedAnew.sort() }] : [];
  return { do: 'start', cause: mergeCauses([...own, ...anew]), noCache: pending.noCache ?? false };
}

function inWords(outcome: Outcome): string {
  switch (outcome) {
    case 'blocked':
      return 'was blocked';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'was cancelled';
    case 'skipped':
      return 'was not built';
    default:
      return `ended as ${outcome}`;
  }
}

/** The project waits for one of its parents no longer. */
export function stopWaitingFor(state: Rebuild, parent: string): Rebuild {
  const pending = required(state);
  const { [parent]: _, ...parents } = pending.parents;
  return { ...state, pending: { ...pending, parents } };
}

/** The id of the order that starts the build of a round: the same however often the step is tried. */
export function orderOf(pending: Pick<Pending, 'round' | 'attempt'>): string {
  return `step:${pending.round}.${pending.attempt}`;
}

/** From now on the build sees what its parents have released; news that comes later is for the next round. */
export function begin(state: Rebuild, build: string, cause: Cause, now: string): Rebuild {
  return { ...state, pending: { ...required(state), state: 'building', build, cause, since: now } };
}

/** Another build took the place of the round's. */
export function follow(state: Rebuild, build: string): Rebuild {
  return { ...state, pending: { ...required(state), build } };
}

/** The round's build is gone and nothing took its place: it is called for again. */
export function retry(state: Rebuild, now: string): Rebuild {
  const { build: _, cause: __, again, ...pending } = required(state);
  if (!again) return { ...state, pending: { ...pending, state: 'waiting', attempt: pending.attempt + 1, since: now } };
  const round = pending.round + 1;
  return { ...state, round, pending: { ...joined(pending, again), state: 'waiting', round, attempt: 0, since: now } };
}

function joined(pending: Omit<Pending, 'again'>, again: Call): Omit<Pending, 'again'> {
  const parents = { ...pending.parents };
  for (const [parent, news] of Object.entries(again.parents))
    parents[parent] = [...new Set([...(parents[parent] ?? []), ...news])];
  const noCache = pending.noCache || again.noCache;
  return { ...pending, causes: { ...pending.causes, ...again.causes }, parents, noCache };
}

export interface End {
  outcome: Outcome;
  build?: string | undefined;
  reason?: string | undefined;
}

/** Ends the round. What was heard meanwhile opens the next one. */
export function settle(state: Rebuild, { outcome, build, reason }: End, now: string): Rebuild {
  const { pending: ended, ...rest } = { ...state, pending: required(state) };
  const round = ended.again ? ended.round + 1 : state.round;
  return {
    ...rest,
    round,
    ...(ended.again ? { pending: { ...ended.again, state: 'waiting' as const, round, attempt: 0, since: now } } : {}),
    toNotify: ended.round,
    last: {
      cascade: ended.cascade,
      round: ended.round,
      outcome,
      build,
      reason,
      at: now,
      parents: Object.keys(ended.parents).sort(),
      root: Object.keys(ended.causes).length > 0,
    },
    ...(outcome === 'released' ? { releasedRound: ended.round } : {}),
    ...(build
      ? { received: { ...state.received, [buildEndedEvent(build)]: { at: now, round: ended.round, root: true } } }
      : {}),
  };
}

/** The children know of the end of a round. */
export function told(state: Rebuild, round: number): Rebuild {
  if (state.toNotify !== round) return state;
  const { toNotify: _, ...rest } = state;
  return rest;
}

/** The news that a build has ended. */
export function buildEndedEvent(build: string): string {
  return `ended:${build}`;
}

function required({ pending, project }: Rebuild): Pending {
  if (!pending) throw new Error(`${project} waits for nothing.`);
  return pending;
}
