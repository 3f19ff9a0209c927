import * as z from 'zod';
import { type DeployTarget, isService } from '../model/deploy-target.ts';
import { backOff } from '../time/backoff.ts';
import { type Call, callSchema, type Deliverable, deliverableSchema, isOlder, isSameRelease } from './deliverable.ts';

/**
 * What a target outside of the pipeline has of a project's releases: what it is to have, and whether it has it. A target is an environment
 * whose manifest names the image, a service that runs it, or a copy of it in another registry; its kind says how a release gets there.
 */

const deliveredSchema = deliverableSchema.extend({
  call: callSchema,
  deliveredAt: z.iso.datetime(),
  /** The commit that wrote it; absent if the target had it already. */
  commitUrl: z.string().optional(),
});

export const targetStates = [
  /** A promotion whose time has not come. */
  'waiting',
  /** It is delivered now, or tried again. */
  'pending',
  /** A pull request is open. */
  'proposed',
  /** A service is replacing its containers. */
  'rolling',
  'delivered',
  /** It was given up. */
  'failed',
] as const;

export const targetKinds = ['manifest', 'registry', 'service'] as const;

export const targetStateSchema = z.object({
  /** `app/job:tag` */
  project: z.string(),
  /** The target's name in the entry, such as `production`; for a copy, its image and the version if it is of one. */
  target: z.string(),
  kind: z.enum(targetKinds),
  wanted: deliverableSchema.extend({ call: callSchema }),
  state: z.enum(targetStates),
  /** When the wanted release was called for. */
  since: z.iso.datetime(),
  attempts: z.int().default(0),
  /** Why the last attempt failed. */
  error: z.string().optional(),
  /** When it is tried next. The index `byDueTime` contains the items with this attribute. */
  dueAt: z.iso.datetime().optional(),
  proposal: z.object({ number: z.int(), url: z.string(), build: z.string() }).optional(),
  /** What a service does to get it: the id of ECS's deployment, or of Systems Manager's command. */
  rollout: z.object({ id: z.string(), startedAt: z.iso.datetime() }).optional(),
  /** The releases that it has had, newest first. One that it got twice in a row is listed once. */
  delivered: z.array(deliveredSchema).default([]),
  /** Rises with every change. */
  revision: z.int().positive(),
});

export type Delivered = z.infer<typeof deliveredSchema>;
export type TargetState = z.infer<typeof targetStateSchema>;

export type DeliveryOutcome =
  | { kind: 'delivered'; commitUrl?: string | undefined }
  | { kind: 'proposed'; proposal: NonNullable<TargetState['proposal']> }
  /** The service has begun, or has not ended yet. */
  | { kind: 'rolling'; rollout: NonNullable<TargetState['rollout']> }
  /** `isFinal`: no other attempt can help. `retryAt`: when the host wants the next one. */
  | { kind: 'failed'; error: string; isFinal?: boolean; retryAt?: string | undefined }
  /** The target wants another release by now. */
  | { kind: 'overtaken' };

const minute = 60_000;
const day = 24 * 60 * minute;
/** After this, the next run retries a delivery whose process crashed. */
const crashMinutes = 10;
/** A copy may take this long, and nobody else begins it meanwhile. */
export const copyMinutes = 10;
/** An event reports how the rollout of a service ended. If the event is lost, the service is queried after this time. */
const rollingMinutes = 5;
const retries = { first: minute, longest: 60 * minute, longestAsked: day };
const triedDays = 7;
const mostDelivered = 20;

type Key = Pick<TargetState, 'project' | 'target' | 'kind'>;

/**
 * The state after a release was called for; undefined if it changes nothing. By itself an older release never takes the place of a newer
 * one; a person may promote or roll back to any.
 * @param dueAt for a promotion that is to wait
 */
export function requested(
  known: TargetState | undefined,
  key: Key,
  release: Deliverable,
  { call, now, dueAt }: { call: Call; now: Date; dueAt?: string | undefined },
): TargetState | undefined {
  if (known && call.type === 'release' && isOlder(release, known.wanted)) return undefined;
  const isNew = !known || !isSameRelease(known.wanted, release);
  if (!isNew && !isTriedAgain(known, call, dueAt)) return undefined;
  return {
    ...key,
    wanted: { ...release, call },
    state: dueAt === undefined ? 'pending' : 'waiting',
    since: now.toISOString(),
    attempts: 0,
    // The caller writes manifests itself, so their due time only covers a crash. Everything else is due at once.
    dueAt: dueAt ?? (key.kind === 'manifest' ? later(now, crashMinutes * minute) : now.toISOString()),
    // A pull request that was declined stays closed: a new call for the release opens another.
    proposal: known?.state === 'failed' ? undefined : known?.proposal,
    delivered: known?.delivered ?? [],
    revision: nextRevision(known),
  };
}

/**
 * Whether a release that a target is to have is called for once more. A person who promotes it wants it there now, whatever was written
 * down: an attempt may have failed, and what a target has may have been changed by others.
 */
function isTriedAgain({ state, error }: TargetState, { type }: Call, dueAt: string | undefined): boolean {
  if (type === 'promotion' && dueAt === undefined) {
    return state !== 'rolling' && (state !== 'pending' || error !== undefined);
  }
  return state === 'failed' ? type !== 'release' : state === 'waiting' && dueAt === undefined;
}

/** How a target of an entry gets its releases; that of a copy is `registry`. */
export function kindOf(target: DeployTarget): TargetState['kind'] {
  return isService(target) ? 'service' : 'manifest';
}

/** Whether a delivery to the target is being worked on. A promotion that waits is judged first, and people merge a pull request. */
export function isUnderWay({ state }: Pick<TargetState, 'state'>): boolean {
  return state === 'pending' || state === 'rolling';
}

/** Whether something is to be done for a target now. */
export function isDue({ state, dueAt }: Pick<TargetState, 'state' | 'dueAt'>, now: Date): boolean {
  return isUnderWay({ state }) && dueAt !== undefined && dueAt <= now.toISOString();
}

/** Whether people are notified of it: when a service has the release, and when a delivery is given up. */
export function isWorthMail({ kind, state }: Pick<TargetState, 'kind' | 'state'>): boolean {
  return state === 'failed' || (kind === 'service' && state === 'delivered');
}

/** The state while a process works on it. The process that saves this state first does the work. */
export function begun(known: TargetState, now: Date): TargetState {
  return { ...known, dueAt: later(now, (copyMinutes + 1) * minute), revision: nextRevision(known) };
}

/** The state after an attempt; undefined if the attempt says nothing about it. */
export function attempted(
  known: TargetState,
  outcome: DeliveryOutcome,
  now: Date,
  random: number,
): TargetState | undefined {
  const attempts = known.attempts + 1;
  const revision = nextRevision(known);
  switch (outcome.kind) {
    case 'overtaken':
      return undefined;
    case 'delivered': {
      const [last, ...before] = known.delivered;
      const isThere = last !== undefined && isSameRelease(last, known.wanted);
      const commitUrl = outcome.commitUrl ?? (isThere ? last.commitUrl : undefined);
      const latest = { ...known.wanted, deliveredAt: now.toISOString(), commitUrl };
      const delivered = [latest, ...(isThere ? before : known.delivered)].slice(0, mostDelivered);
      const done = { attempts, error: undefined, dueAt: undefined, proposal: undefined, rollout: undefined };
      return { ...known, ...done, state: 'delivered', delivered, revision };
    }
    case 'proposed': {
      const dueAt = backOff(attempts, retries, now, random);
      return { ...known, state: 'proposed', attempts, error: undefined, proposal: outcome.proposal, dueAt, revision };
    }
    case 'rolling': {
      const dueAt = later(now, rollingMinutes * minute);
      return { ...known, state: 'rolling', error: undefined, rollout: outcome.rollout, dueAt, revision };
    }
    case 'failed': {
      const { error, isFinal = false, retryAt } = outcome;
      const isOver = isFinal || now.getTime() - Date.parse(known.since) > triedDays * day;
      const dueAt = isOver ? undefined : backOff(attempts, retries, now, random, retryAt);
      return { ...known, state: isOver ? 'failed' : 'pending', attempts, error, dueAt, rollout: undefined, revision };
    }
  }
}

/** What a target has now, as far as is known. */
export function currentOf({ delivered }: Pick<TargetState, 'delivered'>): Delivered | undefined {
  return delivered[0];
}

function nextRevision(known: TargetState | undefined): number {
  return (known?.revision ?? 0) + 1;
}

function later(now: Date, milliseconds: number): string {
  return new Date(now.getTime() + milliseconds).toISOString();
}
