import { z } from 'zod';
import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference } from '../model/image-reference.ts';
import type { BaseChange, WatchedImage } from './base-watch.ts';

/** A base of a project's newest candidate, as the project's record keeps it. */
export const namedBaseSchema = z.object({
  /** As the Dockerfile says it, with its ARGs resolved. */
  reference: z.string(),
  /** The whole name, with the registry: `docker.io/library/debian:12`. */
  image: z.string(),
  /** Absent where the build found no such image. */
  digest: z.string().optional(),
  /** In this pipeline's own registry. */
  own: z.boolean(),
});

export type NamedBase = z.infer<typeof namedBaseSchema>;

/** A base as people see it. */
export interface BaseStatus extends NamedBase {
  /** The Dockerfile names the digest: another image behind the tag changes nothing. */
  pinned: boolean;
  /** What the name stands for now, where that is another digest. */
  newer?: string | undefined;
  /** When the registry was last asked; absent for the pipeline's own releases, which need no watch. */
  checkedAt?: string | undefined;
  /** Why the registry could not say. */
  problem?: string | undefined;
}

/** Whether a Dockerfile's reference names one image for ever. */
export function isPinned({ reference }: Pick<NamedBase, 'reference'>): boolean {
  return reference.includes('@');
}

/** The name whose digest may change; undefined for a base that is named by its digest alone, or by no image's name at all. */
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

/** The edge of a base whose digest the Dockerfile names: its tag is looked at, and another image behind it is nobody's news. */
export function pinnedEdge(image: string): string {
  return pinnedPrefix + image;
}

/** The image of such an edge; undefined for any other. */
export function imageOfPinnedEdge(edge: string): string | undefined {
  return edge.startsWith(pinnedPrefix) ? edge.slice(pinnedPrefix.length) : undefined;
}

export function baseStatuses(
  bases: readonly NamedBase[],
  images: ReadonlyMap<string, Pick<WatchedImage, 'digest' | 'checkedAt' | 'problem'>>,
): BaseStatus[] {
  return bases.map((base) => {
    const { digest, checkedAt, problem } = images.get(watchedName(base) ?? '') ?? {};
    return {
      ...base,
      pinned: isPinned(base),
      newer: digest === base.digest ? undefined : digest,
      checkedAt,
      problem,
    };
  });
}

/**
 * Whether a project must be built for a base's new digest: its newest candidate stands on another. Of a project whose Dockerfile was not
 * seen to name the image, only its entry says that it stands on it.
 */
export function isConcerned(bases: readonly NamedBase[], isDeclared: boolean, change: BaseChange): boolean {
  const named = bases.filter((base) => watchedName(base) === change.image);
  if (named.length === 0) return isDeclared;
  return named.some((base) => !isPinned(base) && base.digest !== change.digest);
}
