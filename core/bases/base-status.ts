import * as z from 'zod';
import type { Cause } from '../model/build.ts';
import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference } from '../model/image-reference.ts';
import type { BaseChange, WatchedImage } from './base-watch.ts';

/** A base image of a project's newest candidate, as the project's record stores it. */
export const namedBaseSchema = z.object({
  /** As the Dockerfile writes it, with its ARGs resolved. */
  reference: z.string(),
  /** The full name, with the registry: `docker.io/library/debian:12`. */
  image: z.string(),
  /** Absent if the build did not find the image. */
  digest: z.string().optional(),
  /** Whether it is in this pipeline's own registry. */
  own: z.boolean(),
});

export type NamedBase = z.infer<typeof namedBaseSchema>;

/** A base image as the pages show it. */
export interface BaseStatus extends NamedBase {
  /** The Dockerfile names the digest, so that a new image under the tag changes nothing. */
  pinned: boolean;
  /** The current digest of the name, where it differs. */
  newer?: string | undefined;
  /** Since when the name has its current digest, as far as is known. */
  since?: string | undefined;
  /** When the registry was last checked; absent for the pipeline's own releases, which need no check. */
  checkedAt?: string | undefined;
  /** Why the last check failed. */
  reason?: string | undefined;
}

/** Whether a Dockerfile's reference always names the same image. */
export function isPinned({ reference }: Pick<NamedBase, 'reference'>): boolean {
  return reference.includes('@');
}

/** The name whose digest may change; undefined for a base image that is named by its digest, or by an invalid name. */
export function watchedName({ image }: Pick<NamedBase, 'image'>): string | undefined {
  try {
    const { registry, registryIsWritten, repository, tag, digest } = parseImageReference(image);
    if (!registryIsWritten || digest !== undefined) return undefined;
    return `${registry}/${repository}:${tag ?? 'latest'}`;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

const pinnedPrefix = 'pinned ';

/** The edge to a pinned base image: its tag is checked for the pages, but a new image under it triggers no build. */
export function pinnedEdge(image: string): string {
  return pinnedPrefix + image;
}

/** The image of an edge to a pinned base image; undefined for any other edge. */
export function imageOfPinnedEdge(edge: string): string | undefined {
  return edge.startsWith(pinnedPrefix) ? edge.slice(pinnedPrefix.length) : undefined;
}

export function baseStatuses(
  bases: readonly NamedBase[],
  images: ReadonlyMap<string, Pick<WatchedImage, 'digest' | 'seenAt' | 'checkedAt' | 'reason'>>,
): BaseStatus[] {
  return bases.map((base) => {
    const { digest, seenAt, checkedAt, reason } = images.get(watchedName(base) ?? '') ?? {};
    return {
      ...base,
      pinned: isPinned(base),
      newer: digest === base.digest ? undefined : digest,
      since: seenAt,
      checkedAt,
      reason,
    };
  });
}

/**
 * Whether a project must be built for a new digest of a base image: its newest candidate uses another digest. If no build has seen the
 * image in the project's Dockerfile, the entry's `depends-on` decides.
 */
export function isConcerned(bases: readonly NamedBase[], isDeclared: boolean, change: BaseChange): boolean {
  const named = bases.filter((base) => watchedName(base) === change.image);
  if (named.length === 0) return isDeclared;
  return named.some((base) => !isPinned(base) && base.digest !== change.digest);
}

/** Why a project is rebuilt. It may be based on an older digest than the other projects. */
export function causeOfChanges(bases: readonly NamedBase[], changes: readonly BaseChange[]): Cause {
  const previousOf = ({ image, previous }: BaseChange) =>
    bases.find((base) => watchedName(base) === image)?.digest ?? previous;
  return {
    type: 'bases-changed',
    bases: changes.map((change) => ({
      image: change.image,
      digest: change.digest,
      previous: previousOf(change),
    })),
  };
}
