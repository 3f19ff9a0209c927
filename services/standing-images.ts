import { watchedName } from '../core/base-standing.ts';
import { parseImageReference } from '../core/image-reference.ts';
import { inTurns } from '../core/in-turns.ts';
import { isCandidate } from '../core/project.ts';
import type { Dependents } from './dependents.ts';
import type { Projects } from './projects.ts';

interface Services {
  dependents: Pick<Dependents, 'all'>;
  projects: Pick<Projects, 'get'>;
  /** The host of this pipeline's registry, and what stands before the names of its repositories. */
  ownHost: string;
  repositoryPrefix: string;
}

const readsAtOnce = 32;

/**
 * The images with a registry in their name that at least one project of the index stands on: releases of this pipeline are named like
 * their projects, and what becomes of them is known without a look.
 */
export function createStandingImages({ dependents, projects, ownHost, repositoryPrefix }: Services) {
  return async function standingImages(): Promise<Set<string>> {
    const active = new Map<string, Promise<boolean>>();
    const isActive = (name: string) => {
      const known = active.get(name) ?? projects.get(name).then((project) => project?.active ?? false);
      active.set(name, known);
      return known;
    };
    const images = [...(await dependents.all())].filter(([image]) => isWatched(image));
    const standing = await inTurns(images, readsAtOnce, async ([image, names]) => {
      for (const name of names) if (await isActive(name)) return [image];
      return [];
    });
    return new Set(standing.flat());
  };

  function isWatched(image: string): boolean {
    if (watchedName({ image }) !== image) return false;
    const { registry, repository } = parseImageReference(image);
    return registry !== ownHost || !isCandidate(repository, repositoryPrefix);
  }
}
