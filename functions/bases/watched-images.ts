import { imageOfPinnedEdge, watchedName } from '../../core/bases/base-status.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import { parseImageReference } from '../../core/model/image-reference.ts';
import { isCandidate } from '../../core/model/project.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { Projects } from '../../services/tables/projects.ts';

interface Services {
  dependents: Pick<Dependents, 'all'>;
  projects: Pick<Projects, 'get'>;
  /** What stands before the names of this pipeline's repositories. */
  repositoryPrefix: string;
}

const readsAtOnce = 32;

/**
 * The images with a registry in their name that at least one project of the index stands on: releases of this pipeline are named like
 * their projects, and what becomes of them is known without a look. By image: whether all of them name its digest.
 */
export function createWatchedImages({ dependents, projects, repositoryPrefix }: Services) {
  /** @param ownHost the host of this pipeline's registry */
  return async function watchedImages(ownHost: string): Promise<Map<string, { isPinned: boolean }>> {
    const active = new Map<string, Promise<boolean>>();
    const isActive = (name: string) => {
      const known = active.get(name) ?? projects.get(name).then((project) => project?.active ?? false);
      active.set(name, known);
      return known;
    };
    const edges = [...(await dependents.all())].flatMap(([edge, names]) => {
      const pinned = imageOfPinnedEdge(edge);
      const image = pinned ?? edge;
      return isWatched(image, ownHost) ? [{ image, isPinned: pinned !== undefined, names }] : [];
    });
    const standing = new Map<string, { isPinned: boolean }>();
    await mapConcurrently(edges, readsAtOnce, async ({ image, isPinned, names }) => {
      for (const name of names) {
        if (!(await isActive(name))) continue;
        standing.set(image, { isPinned: isPinned && (standing.get(image)?.isPinned ?? true) });
        return;
      }
    });
    return standing;
  };

  function isWatched(image: string, ownHost: string): boolean {
    if (watchedName({ image }) !== image) return false;
    const { registry, repository } = parseImageReference(image);
    return registry !== ownHost || !isCandidate(repository, repositoryPrefix);
  }
}

export type WatchedImages = ReturnType<typeof createWatchedImages>;
