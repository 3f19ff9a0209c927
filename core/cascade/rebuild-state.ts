import * as z from 'zod';
import { mergeCauses } from '../builds/cause.ts';
import { type Cause, causeSchema } from '../model/build.ts';

/**
 * The state of one project's rebuilds in cascades. Every change is a pure function from one state to the next, and is
 * written only if the stored state has not changed since it was read (docs/cascades.md).
 */

export const outcomes = ['released', 'unchanged', 'blocked', 'failed', 'cancelled', 'skipped', 'not-needed'] as const;

/** Why a rebuild round is needed. */
const requestSchema = z.object({
  cascade: z.string(),
  /** By event: why the project itself must be rebuilt. Empty where it is rebuilt only if a parent gets a new release. */
  causes: z.record(z.string(), causeSchema),
  /** By parent: the events that the parent must finish first. */
  parents: z.record(z.string(), z.array(z.string())),
  noCache: z.boolean().optional(),
});

const pendingSchema = requestSchema.extend({
  state: z.enum(['waiting', 'building']),
  round: z.int(),
  /** Rises when the round's build was superseded and no newer build is there to follow. */
  attempt: z.int(),
  /** While the state is `building`: the build and its cause. */
  build: z.string().optional(),
  cause: causeSchema.optional(),
  since: z.iso.datetime(),
  /** What was received while the build was running; it makes a further round. */
  again: requestSchema.optional(),
});

export const rebuildSchema = z.object({
  project: z.string(),
  /** Rises with every write. */
  version: z.int(),
  /** The last round that was opened. */
  round: z.int(),
  pending: pendingSchema.optional(),
  /** The round about whose end the children must still be notified. */
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
  /** By event: when it was received, and the round that handles it. So an event that is delivered twice is handled once. */
  received: z.record(z.string(), z.object({ at: z.iso.datetime(), round: z.int(), root: z.boolean() })),
});

export type Rebuild = z.infer<typeof rebuildSchema>;
export type Pending = z.infer<typeof pendingSchema>;
export type Outcome = (typeof outcomes)[number];
type RebuildRequest = z.infer<typeof requestSchema>;

/** A trigger is redelivered for at most two weeks, unless by hand. More events than the limit are no accident. */
const receivedMilliseconds = 14 * 86_400_000;
const mostReceived = 200;
/** Planning is retried for half an hour. An event that a parent has not received after this time is lost. */
const receivingMilliseconds = 2 * 3_600_000;
const unsuccessful: ReadonlySet<Outcome> = new Set(['blocked', 'failed', 'cancelled', 'skipped']);

export interface ProjectEvent {
  id: string;
  cascade: string;
  at: string;
  /** The parents that also receive the event. */
  parents: string[];
  /** Present where the project itself must be rebuilt. */
  cause?: Cause | undefined;
  noCache?: boolean | undefined;
  /** The cascades that were cancelled before it. */
  cancelled?: ReadonlySet<string>;
}

export function idleRebuild(project: string): Rebuild {
  return { project, version: 0, round: 0, received: {} };
}

/** The state after an event; the same object if the event was already received. */
export function receive(state: Rebuild, event: ProjectEvent): Rebuild {
  const known = state.received[event.id];
  if (known && (known.root || !event.cause)) return state;
  const { pending } = state;
  const isCancelled = pending !== undefined && event.cancelled?.has(pending.cascade) === true;
  // What was to be built is not any more; the event calls for a build of its own.
  if (isCancelled && pending.state === 'waiting')
    return receive(settle(state, { outcome: 'cancelled', reason: 'The cascade was cancelled.' }, event.at), event);
  const answer = (round: number): Rebuild['received'] => ({
    ...recent(state.received, event.at),
    [event.id]: { at: event.at, round, root: event.cause !== undefined },
  });
  if (!pending) {
    const round = state.round + 1;
    const opened: Pending = { ...requestFor(event), state: 'waiting', round, attempt: 0, since: event.at };
    return { ...state, round, pending: opened, received: answer(round) };
  }
  if (pending.state === 'waiting') {
    return { ...state, pending: { ...pending, ...requestFor(event, pending) }, received: answer(pending.round) };
  }
  if (event.cause?.type === 'index' && !isCancelled) {
    // The running build is of the old entry, and the new build supersedes it.
    const round = pending.round + 1;
    const { build: _, cause: __, again, ...left } = pending;
    const waiting: Pending = {
      ...(again ? withRequest(left, again) : left),
      state: 'waiting',
      round,
      attempt: 0,
      since: event.at,
    };
    return { ...state, round, pending: { ...waiting, ...requestFor(event, waiting) }, received: answer(round) };
  }
  const again = requestFor(event, pending.again);
  return { ...state, pending: { ...pending, again }, received: answer(pending.round + 1) };
}

function requestFor({ id, cascade, parents, cause, noCache }: ProjectEvent, before?: RebuildRequest): RebuildRequest {
  const waits: Record<string, string[]> = { ...before?.parents };
  for (const parent of parents) waits[parent] = [...new Set([...(waits[parent] ?? []), id])];
  return {
    cascade: before?.cascade ?? cascade,
    causes: cause ? { ...before?.causes, [id]: cause } : { ...before?.causes },
    parents: waits,
    noCache: noCache || before?.noCache || undefined,
  };
}

function recent(received: Rebuild['received'], now: string): Rebuild['received'] {
  const oldest = new Date(Date.parse(now) - receivedMilliseconds).toISOString();
  // DynamoDB does not keep the order of a map's keys.
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
 * Decides what a waiting project does next. It waits for parents that have not finished. It is skipped if a parent was
 * blocked, failed, was cancelled or was skipped. There is nothing to do if no parent has a new release and no event concerns the project.
 */
export function decide(pending: Pending, parentOf: (project: string) => Rebuild | undefined, now: Date): Decision {
  const lostBefore = new Date(now.getTime() - receivingMilliseconds).toISOString();
  const newlyReleased: string[] = [];
  let failed: string | undefined;
  for (const [parent, events] of Object.entries(pending.parents)) {
    const state = parentOf(parent);
    const rounds: number[] = [];
    for (const id of events) {
      const received = state?.received[id];
      if (received) rounds.push(received.round);
      else if (pending.since > lostBefore) return { do: 'wait', for: parent };
    }
    const { last } = state ?? {};
    if (rounds.some((round) => (last?.round ?? 0) < round)) return { do: 'wait', for: parent };
    if (!state || !last || rounds.length === 0) continue;
    if (unsuccessful.has(last.outcome)) failed ??= `${parent} ${describeOutcome(last.outcome)}`;
    else if ((state.releasedRound ?? 0) >= Math.min(...rounds)) newlyReleased.push(parent);
  }
  if (failed !== undefined) return { do: 'skip', reason: `Not built, because its parent ${failed}.` };
  const own = Object.values(pending.causes);
  if (own.length === 0 && newlyReleased.length === 0) return { do: 'nothing' };
  const parentCauses: Cause[] =
    newlyReleased.length > 0 ? [{ type: 'parent-released', parents: newlyReleased.sort() }] : [];
  return { do: 'start', cause: mergeCauses([...own, ...parentCauses]), noCache: pending.noCache ?? false };
}

function describeOutcome(outcome: Outcome): string {
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

/** The project no longer waits for one of its parents. */
export function stopWaitingFor(state: Rebuild, parent: string): Rebuild {
  const pending = required(state);
  const { [parent]: _, ...parents } = pending.parents;
  return { ...state, pending: { ...pending, parents } };
}

/** The id of the trigger that starts the build of a round: the same however often the step is retried. */
export function orderOf(pending: Pick<Pending, 'round' | 'attempt'>): string {
  return `step:${pending.round}.${pending.attempt}`;
}

/** The build starts with what its parents have released until now. Later events belong to the next round. */
export function begin(state: Rebuild, build: string, cause: Cause, now: string): Rebuild {
  return { ...state, pending: { ...required(state), state: 'building', build, cause, since: now } };
}

/** Another build superseded the round's build, and the round follows that one. */
export function follow(state: Rebuild, build: string): Rebuild {
  return { ...state, pending: { ...required(state), build } };
}

/** The round's build was superseded and there is no newer build to follow: the project is built again. */
export function retry(state: Rebuild, now: string): Rebuild {
  const { build: _, cause: __, again, ...pending } = required(state);
  if (!again) return { ...state, pending: { ...pending, state: 'waiting', attempt: pending.attempt + 1, since: now } };
  const round = pending.round + 1;
  return {
    ...state,
    round,
    pending: { ...withRequest(pending, again), state: 'waiting', round, attempt: 0, since: now },
  };
}

function withRequest(pending: Omit<Pending, 'again'>, again: RebuildRequest): Omit<Pending, 'again'> {
  const parents = { ...pending.parents };
  for (const [parent, events] of Object.entries(again.parents))
    parents[parent] = [...new Set([...(parents[parent] ?? []), ...events])];
  const noCache = pending.noCache || again.noCache;
  return { ...pending, causes: { ...pending.causes, ...again.causes }, parents, noCache };
}

export interface End {
  outcome: Outcome;
  build?: string | undefined;
  reason?: string | undefined;
}

/** Ends the round. Events that were received meanwhile open the next one. */
export function settle(state: Rebuild, { outcome, build, reason }: End, now: string): Rebuild {
  const ended = required(state);
  const round = ended.again ? ended.round + 1 : state.round;
  return {
    ...state,
    round,
    pending: ended.again && { ...ended.again, state: 'waiting', round, attempt: 0, since: now },
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
    releasedRound: outcome === 'released' ? ended.round : state.releasedRound,
    received: build
      ? { ...state.received, [buildEndedEvent(build)]: { at: now, round: ended.round, root: true } }
      : state.received,
  };
}

/** The children were notified of the end of a round. */
export function notified(state: Rebuild, round: number): Rebuild {
  return state.toNotify === round ? { ...state, toNotify: undefined } : state;
}

/** The id of the event that a build has ended. */
export function buildEndedEvent(build: string): string {
  return `ended:${build}`;
}

function required({ pending, project }: Rebuild): Pending {
  if (!pending) throw new Error(`${project} has no pending round.`);
  return pending;
}
