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

/** In place of a digest, for an image that is not there. */
export const missingDigest = 'none';

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

function isDue(notBefore: string | undefined, now: Date): boolean {
  return notBefore === undefined || Date.parse(notBefore) <= now.getTime();
}

/** The images that are checked now, the least recently checked first. */
export function dueImages<Watched extends { item: WatchedImage }>(
  images: readonly Watched[],
  pauses: ReadonlyMap<string, RegistryPause>,
  now: Date,
): (Watched & TagReference)[] {
  return images
    .map((watched) => ({ ...watched, ...tagReferenceOf(watched.item.image) }))
    .filter(({ item, registry }) => isDue(item.notBefore, now) && isDue(pauses.get(registry)?.notBefore, now))
    .toSorted(({ item: one }, { item: other }) => ((one.checkedAt ?? '') < (other.checkedAt ?? '') ? -1 : 1));
}

type TagReference = Pick<ImageReference, 'registry' | 'repository'> & { tag: string };

/** The registry, repository and tag from which to request the digest of a watched image. */
function tagReferenceOf(image: string): TagReference {
  const { registry, repository, tag = 'latest' } = parseImageReference(image);
  return { registry, repository, tag };
}
