import { floatingTags } from '../builds/tags.ts';
import type { Base } from '../model/builder-contract.ts';
import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference, wantedVersion } from '../model/image-reference.ts';
import type { Project } from '../model/project.ts';
import { ownParent } from '../model/project-name.ts';

/**
 * Images as the dependents table names them. An image of this pipeline is `app/job:tag`, like the project with that desired tag. An image
 * from outside includes its registry: `docker.io/library/debian:12`.
 */

/** The images that a release of the project's branch moves. */
export function imagesOf(project: Project): string[] {
  const tags = floatingTags(project, { ref: `refs/heads/${project.gitBranch}`, commit: '' }, []);
  return ownImages(project, [project.desiredTag, ...tags, ...(project.extraTags ?? [])]);
}

/** The images whose tags a release has moved. */
export function releasedImages(project: Pick<Project, 'appId' | 'jobId'>, tags: string[]): string[] {
  return ownImages(project, tags);
}

function ownImages({ appId, jobId }: Pick<Project, 'appId' | 'jobId'>, tags: string[]): string[] {
  // Dependents of a tag that never moves need no rebuild.
  const moving = tags.filter((tag) => !tag.startsWith('build-') && !tag.startsWith('sha-'));
  return [...new Set(moving)].map((tag) => `${appId}/${jobId}:${tag}`);
}

/** A base image that a Dockerfile names; undefined for one that is pinned by digest, because it never changes. */
export function observedImage(
  { image, own }: Pick<Base, 'image' | 'own'>,
  repositoryPrefix: string,
): string | undefined {
  if (image.includes('@')) return undefined;
  if (!own) return image;
  const path = image.slice(image.indexOf('/') + 1).slice(repositoryPrefix.length);
  return path.includes('/') ? path : `library/${path}`;
}

/**
 * The images that an entry's `depends-on` may mean: an image of this pipeline or, where the index has no such entry, also an image from
 * outside by Docker's rules. A text that is not an image name is left out.
 */
export function declaredImages(dependsOn: readonly string[], isProject: (name: string) => boolean): string[] {
  return [
    ...new Set(
      dependsOn.flatMap((parent) => {
        const own = ownParent(parent);
        if (own !== undefined && isProject(own)) return [own];
        const outside = outsideParent(parent);
        return [...(own === undefined ? [] : [own]), ...(outside === undefined ? [] : [outside])];
      }),
    ),
  ];
}

function outsideParent(parent: string): string | undefined {
  try {
    const reference = parseImageReference(parent);
    if (reference.digest !== undefined) return undefined;
    return `${reference.registry}/${reference.repository}:${wantedVersion(reference)}`;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
