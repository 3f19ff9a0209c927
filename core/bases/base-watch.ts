import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type ImageReference, parseImageReference } from '../model/image-reference.ts';
import type { TriggerOf } from '../model/trigger.ts';

/** An image from outside the pipeline that projects depend on, as the bases table stores it. */
export const watchedImageSchema = z.object({
  /** `docker.io/library/debian:12` */
  image: z.string(),
  /** The digest that its dependents were last notified of; absent before the first check. */
  digest: z.string().optional(),
  /** When the digest was first seen. */
  seenAt: z.string().optional(),
  /** The digests that builds have used since the last check; `missingDigest` if a build did not find the image. */
  used: z.array(z.string()),
  checkedAt: z.string().optional(),
  /** How many checks in a row have failed. */
  failures: z.int().default(0),
  /** The time before which it is not checked again. */
  notBefore: z.string().optional(),
  /** The reason why the last check failed, as a text for people. */
  reason: z.string().optional(),
  /** How often the notification was repeated because builds kept using another digest, and when it may be repeated again. */
  repeats: z.int().default(0),
  repeatNotBefore: z.string().optional(),
});

export type WatchedImage = z.infer<typeof watchedImageSchema>;

/** A registry that did not answer, or that limits the rate of requests. */
export const registryPauseSchema = z.object({ failures: z.int(), notBefore: z.string(), reason: z.string() });

export type RegistryPause = z.infer<typeof registryPauseSchema>;

export type BaseChange = TriggerOf<'bases-changed'>['bases'][number];

/** Stands for the digest of an image that is not there. */
export const missingDigest = 'none';

/** The longest `Retry-After` that is followed: the length of Docker Hub's rate limit window. */
const longestRetryAfterMinutes = 6 * 60;

/**
 * The change to notify the dependents of, if there is one. There is one if the found digest differs from the one that they were last
 * notified of, or if a build has used another digest since. If a registry serves builds another image than this check, that second case
 * repeats for ever, so those repetitions become rarer and rarer.
 */
export function changeToNotify(item: WatchedImage, found: string, now: Date): BaseChange | undefined {
  const { image, digest, seenAt } = item;
  const at = now.toISOString();
  if (digest !== undefined && digest !== found) return { image, digest: found, previous: digest, seenAt: at };
  const previous = isDue(item.repeatNotBefore, now) ? item.used.find((one) => one !== found) : undefined;
  if (previous === undefined) return undefined;
  return { image, digest: found, previous, seenAt: (digest && seenAt) || at };
}

/** The id of the trigger for a set of changes. It includes the time, because a base image may return to an earlier digest. */
export function basesTriggerId(bases: readonly BaseChange[], at: string): string {
  const lines = bases.map(({ image, previous, digest }) => `${image} ${previous} ${digest}`).toSorted();
  return `bases:${createHash('sha256')
    .update([at, ...lines].join('\n'))
    .digest('hex')
    .slice(0, 32)}`;
}

export function isDue(notBefore: string | undefined, now: Date): boolean {
  return notBefore === undefined || Date.parse(notBefore) <= now.getTime();
}

/**
 * When a registry that limits the rate of requests allows the next one: `Retry-After` in seconds or as a date. Docker Hub also writes it
 * as a time in seconds since 1970. Undefined if the registry does not say.
 */
export function retryAt(header: string | null, now: Date): string | undefined {
  if (header === null || header.trim() === '') return undefined;
  const number = Number(header);
  const at = Number.isNaN(number) ? Date.parse(header) : number > 1e9 ? number * 1000 : now.getTime() + number * 1000;
  if (Number.isNaN(at) || at < now.getTime()) return undefined;
  return new Date(Math.min(at, now.getTime() + longestRetryAfterMinutes * 60_000)).toISOString();
}

/** The registry, repository and tag from which to request the digest of a watched image. */
export function tagReferenceOf(image: string): Pick<ImageReference, 'registry' | 'repository'> & { tag: string } {
  const { registry, repository, tag = 'latest' } = parseImageReference(image);
  return { registry, repository, tag };
}
