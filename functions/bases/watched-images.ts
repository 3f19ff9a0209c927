import { imageOfPinnedEdge, watchedName } from '../../core/bases/base-status.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import { parseImageReference } from '../../core/model/image-reference.ts';
import { isCandidate } from '../../core/model/project.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { Projects } from '../../services/tables/projects.ts';

interface Services {
  dependents: Pick<Dependents, 'all'>;
  projects: Pick<Projects, 'get'>;
  /** The prefix of the names of this pipeline's repositories. */
  repositoryPrefix: string;
}

interface Watched {
  isPinned: boolean;
  appIds: ReadonlySet<string>;
}

const readsAtOnce = 32;

/**
 * The images, with a registry in their name, that at least one project of the index depends on; and of each, whether all of these projects
 * pin its digest, and their app-ids. Releases of this pipeline are named like their projects and need no watch: their builds announce them.
 */
export function createWatchedImages({ dependents, projects, repositoryPrefix }: Services) {
  /** @param ownHost the host of this pipeline's registry */
  return async function watchedImages(ownHost: string): Promise<Map<string, Watched>> {
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
    const watched = new Map<string, Watched>();
    await mapConcurrently(edges, readsAtOnce, async ({ image, isPinned, names }) => {
      for (const name of names) {
        if (!(await isActive(name))) continue;
        const before = watched.get(image);
        const appIds = new Set([...(before?.appIds ?? []), ...names.map((each) => parseProjectName(each).appId)]);
        watched.set(image, { isPinned: isPinned && (before?.isPinned ?? true), appIds });
        return;
      }
    });
    return watched;
  };

  function isWatched(image: string, ownHost: string): boolean {
    if (watchedName({ image }) !== image) return false;
    const { registry, repository } = parseImageReference(image);
    return registry !== ownHost || !isCandidate(repository, repositoryPrefix);
  }
}

export type WatchedImages = ReturnType<typeof createWatchedImages>;
