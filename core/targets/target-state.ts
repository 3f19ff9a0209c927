import semver from 'semver';
import * as z from 'zod';
import { describeCause } from '../builds/describe-build.ts';
import type { Build } from '../model/build.ts';
import type { DeployTarget } from '../model/manifest-target.ts';
import { isTracked, type Project } from '../model/project.ts';
import { isFloating } from '../releases/release.ts';
import { versionOf } from '../sources/version-tag.ts';
import { backOff } from '../time/backoff.ts';

/**
 * What a target outside of the pipeline has of a project's releases: what it is to have, and whether it has it. A target is an environment
 * whose manifest names the image, or a copy of the image in another registry; its kind says how a release gets there.
 */

/** A release as a target gets it: everything that is written, and by which releases are put in order. */
export const deliverableSchema = z.object({
  build: z.string(),
  /** With the registry's host. */
  repository: z.string(),
  digest: z.string(),
  /** The tag that people read: the version, or else `build-…`. */
  tag: z.string(),
  /** All tags that the release got. */
  tags: z.array(z.string()),
  ref: z.string(),
  commit: z.string(),
  sourceUrl: z.string(),
  releasedAt: z.iso.datetime(),
  /** Why it was built, as a phrase. */
  why: z.string(),
});

/** Why a target gets a release. `by`: who asked for it, or the time that has passed. */
export const callSchema = z.object({
  type: z.enum(['release', 'promotion', 'rollback']),
  by: z.string().optional(),
});

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
  'delivered',
  /** It was given up. */
  'failed',
] as const;

export const targetKinds = ['manifest', 'registry'] as const;

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
  /** When it is tried next; the index `byDueTime` has the items that have it. */
  dueAt: z.iso.datetime().optional(),
  proposal: z.object({ number: z.int(), url: z.string(), build: z.string() }).optional(),
  /** What it has, and had before, newest first. */
  delivered: z.array(deliveredSchema).default([]),
  /** Rises with every change. */
  revision: z.int().positive(),
});

export type Deliverable = z.infer<typeof deliverableSchema>;
export type Call = z.infer<typeof callSchema>;
export type Delivered = z.infer<typeof deliveredSchema>;
export type TargetState = z.infer<typeof targetStateSchema>;

export type DeliveryOutcome =
  | { kind: 'delivered'; commitUrl?: string | undefined }
  | { kind: 'proposed'; proposal: NonNullable<TargetState['proposal']> }
  /** `isFinal`: no other attempt can help. `retryAt`: when the host wants the next one. */
  | { kind: 'failed'; error: string; isFinal?: boolean; retryAt?: string | undefined }
  /** The target wants another release by now. */
  | { kind: 'overtaken' };

const minute = 60_000;
const day = 24 * 60 * minute;
/** If whoever delivers crashes, the next run tries again after this. */
const crashMinutes = 10;
/** A copy may take this long, and nobody else begins it meanwhile. */
export const copyMinutes = 10;
const retries = { first: minute, longest: 60 * minute, longestAsked: day };
const triedDays = 7;
const mostDelivered = 20;

/** The release that a build made; undefined if it made none. */
export function deliverableOf(build: Build): Deliverable | undefined {
  const { image, status, endedAt } = build;
  if (!image || status !== 'released' || endedAt === undefined) return undefined;
  const version = versionOf(build.ref)?.version;
  const immutable = image.tags.find((tag) => tag.startsWith('build-'));
  const tag = image.tags.find((each) => each === version) ?? immutable ?? image.tags.find(isFloating);
  if (tag === undefined) return undefined;
  const { id, ref, commit, sourceUrl, cause } = build;
  const { repository, digest } = image;
  return {
    build: id,
    repository,
    digest,
    tag,
    tags: image.tags,
    ref,
    commit,
    sourceUrl,
    releasedAt: endedAt,
    why: describeCause(cause),
  };
}

/** Whether a target gets the releases of a ref by itself. A prerelease of a version is promoted by hand only. */
export function isCalledBy(
  { on }: Pick<DeployTarget, 'on'>,
  project: Pick<Project, 'gitBranch'>,
  ref: string,
): boolean {
  if (on === 'branch') return isTracked(project, ref);
  const version = on === 'version' ? versionOf(ref) : undefined;
  return version !== undefined && version.prerelease.length === 0;
}

/** Whether a release is older than another: of two versions the lower one, otherwise what was released first. */
export function isOlder(one: Deliverable, other: Deliverable): boolean {
  const [a, b] = [versionOf(one.ref), versionOf(other.ref)];
  const order = a && b ? semver.compare(a, b) : 0;
  return order === 0 ? one.releasedAt < other.releasedAt : order < 0;
}

export function isSameRelease(one: Deliverable, other: Deliverable): boolean {
  return one.digest === other.digest && one.tag === other.tag;
}

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
  const isKnown = known && isSameRelease(known.wanted, release);
  if (isKnown && (known.state !== 'failed' || call.type === 'release')) {
    const isToBeHurried = known.state === 'waiting' && dueAt === undefined;
    if (!isToBeHurried) return undefined;
  }
  return {
    ...key,
    wanted: { ...release, call },
    state: dueAt === undefined ? 'pending' : 'waiting',
    since: now.toISOString(),
    attempts: 0,
    dueAt: dueAt ?? later(now, crashMinutes * minute),
    proposal: known?.proposal,
    delivered: known?.delivered ?? [],
    revision: nextRevision(known),
  };
}

/** The state while a copy is made. Who saves it makes the copy. */
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
      const latest = { ...known.wanted, deliveredAt: now.toISOString(), commitUrl: outcome.commitUrl };
      const delivered = [latest, ...known.delivered].slice(0, mostDelivered);
      const done = { attempts, error: undefined, dueAt: undefined, proposal: undefined };
      return { ...known, ...done, state: 'delivered', delivered, revision };
    }
    case 'proposed': {
      const dueAt = backOff(attempts, retries, now, random);
      return { ...known, state: 'proposed', attempts, error: undefined, proposal: outcome.proposal, dueAt, revision };
    }
    case 'failed': {
      const { error, isFinal = false, retryAt } = outcome;
      const isOver = isFinal || now.getTime() - Date.parse(known.since) > triedDays * day;
      const dueAt = isOver ? undefined : backOff(attempts, retries, now, random, retryAt);
      return { ...known, state: isOver ? 'failed' : 'pending', attempts, error, dueAt, revision };
    }
  }
}

/** Why a promotion whose time has come is given up; undefined if nothing is in its way. `source` is the target that it comes from. */
export function obstacleOf(
  { digest }: Pick<Deliverable, 'digest'>,
  { source, newFindings }: { source: Pick<TargetState, 'target' | 'delivered'> | undefined; newFindings: number },
): string | undefined {
  if (source && currentOf(source)?.digest !== digest) return `${source.target} has another release by now.`;
  if (newFindings === 0) return undefined;
  return `${newFindings} findings are new since its release: promote it by hand, or release another.`;
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
