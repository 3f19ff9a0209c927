import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ImageReference, parseImageReference } from '../model/image-reference.ts';
import type { TriggerOf } from '../model/trigger.ts';

/** An image outside of the pipeline's releases that projects stand on, as the bases table keeps it. */
export const watchedImageSchema = z.object({
  /** `docker.io/library/debian:12` */
  image: z.string(),
  /** What the projects that stand on it were told last; absent before the first look. */
  digest: z.string().optional(),
  /** When the digest was first seen. */
  seenAt: z.string().optional(),
  /** What builds have used since the last look; `missingDigest` if one found nothing there. */
  used: z.array(z.string()),
  checkedAt: z.string().optional(),
  /** How many looks in a row have found nothing. */
  failures: z.int().default(0),
  /** Not looked at before. */
  notBefore: z.string().optional(),
  /** Why the last look found nothing, in words. */
  problem: z.string().optional(),
  /** How often the digest was told again, because builds went on using another; and when it may be told once more. */
  repeats: z.int().default(0),
  repeatNotBefore: z.string().optional(),
});

export type WatchedImage = z.infer<typeof watchedImageSchema>;

/** A registry that did not answer, or that was asked too often. */
export const registryPauseSchema = z.object({ failures: z.int(), notBefore: z.string(), problem: z.string() });

export type RegistryPause = z.infer<typeof registryPauseSchema>;

export type BaseChange = TriggerOf<'bases-changed'>['bases'][number];

/** Stands for the digest of an image that is not there. */
export const missingDigest = 'none';

/** Docker Hub's window. */
const longestSaidMinutes = 6 * 60;

/**
 * Whether a digest that was found is news. It is where it differs from what the projects were told, and where a build has used another
 * since: that build came too late for the last news, or before it. A registry that shows builds another image than this watch would have
 * that repeated for ever, so it is told ever more rarely.
 */
export function newsOf(item: WatchedImage, found: string, now: Date): BaseChange | undefined {
  const { image, digest, seenAt } = item;
  const at = now.toISOString();
  if (digest !== undefined && digest !== found) return { image, digest: found, previous: digest, seenAt: at };
  const previous = isDue(item.repeatNotBefore, now) ? item.used.find((one) => one !== found) : undefined;
  if (previous === undefined) return undefined;
  return { image, digest: found, previous, seenAt: (digest && seenAt) || at };
}

/** One id for one set of news; the moment is in it, because a base may come back to a digest that it had. */
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
 * When a registry that was asked too often wants to be asked again: `Retry-After` in seconds or as a date, which Docker Hub also writes as
 * a time in seconds since 1970. Absent if it does not say.
 */
export function retryAt(header: string | null, now: Date): string | undefined {
  if (header === null || header.trim() === '') return undefined;
  const number = Number(header);
  const at = Number.isNaN(number) ? Date.parse(header) : number > 1e9 ? number * 1000 : now.getTime() + number * 1000;
  if (Number.isNaN(at) || at < now.getTime()) return undefined;
  return new Date(Math.min(at, now.getTime() + longestSaidMinutes * 60_000)).toISOString();
}

/** Where the digest of a watched image is asked for. */
export function tagReferenceOf(image: string): Pick<ImageReference, 'registry' | 'repository'> & { tag: string } {
  const { registry, repository, tag = 'latest' } = parseImageReference(image);
  return { registry, repository, tag };
}
