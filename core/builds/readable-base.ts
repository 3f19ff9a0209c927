import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference } from '../model/image-reference.ts';
import { isCandidate, type Project } from '../model/project.ts';
import { mayBuildOn } from '../visibility/may-build-on.ts';

/** A repository of this account's registry that a build wants to read because its Dockerfile names an image of it. */
interface WantedRepository {
  name: string;
  /** The registry's host. */
  host: string;
  /** Those of the index that release to it, also those that have left. */
  projects: readonly Pick<Project, 'name' | 'appId' | 'visibility'>[];
}

/** Whether a name can be that of a repository of releases: candidates are not base images. */
export function isReleaseRepository(repository: string, prefix: string): boolean {
  return repository.startsWith(prefix) && !isCandidate(repository, prefix);
}

/**
 * Whether a build may read a repository. Releases of public projects are public, so every build may. Those of private ones may only a
 * private project of the same app-id whose entry names them in `depends-on`. The account may have other repositories. A build may read
 * these only if the operators name them in the configuration, or the index in `depends-on`.
 * @param project the entry that is built; undefined for one that is gone
 * @param operatorImages image names of the configuration
 */
export function isReadableBase(
  repository: WantedRepository,
  project: Pick<Project, 'appId' | 'visibility' | 'dependsOn'> | undefined,
  { operatorImages, prefix }: { operatorImages: readonly string[]; prefix: string },
): boolean {
  if (!isReleaseRepository(repository.name, prefix)) return false;
  const { dependsOn = [] } = project ?? {};
  const hidden = repository.projects.filter(({ visibility }) => visibility === 'private');
  if (hidden.length > 0) {
    return (
      project !== undefined &&
      hidden.every((base) => mayBuildOn(project, base)) &&
      hidden.some(({ name }) => dependsOn.includes(name))
    );
  }
  const named = [...dependsOn, ...operatorImages];
  return repository.projects.length > 0 || named.some((image) => isNamed(image, repository, prefix));
}

/** Without a registry, a name is looked for under the prefix of all releases. */
function isNamed(image: string, { name, host }: WantedRepository, prefix: string): boolean {
  try {
    const { registry, registryIsWritten, path } = parseImageReference(image);
    const paths = registryIsWritten ? [path, `${prefix}${path}`] : [`${prefix}${path}`];
    return (!registryIsWritten || registry === host) && paths.includes(name);
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}

/** The prefix of the names of all projects that release to a repository. */
export function projectsReleasingTo(repository: string, prefix: string): string {
  const path = repository.slice(prefix.length);
  return `${path.includes('/') ? path : `library/${path}`}:`;
}
