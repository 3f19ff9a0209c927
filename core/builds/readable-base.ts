import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference } from '../model/image-reference.ts';
import { isCandidate } from '../model/project.ts';

/** A repository of this account's registry that a build wants to read because its Dockerfile names an image of it. */
interface WantedRepository {
  name: string;
  /** The registry's host. */
  host: string;
  /** Whether a project of the index releases to it. */
  isOfProject: boolean;
}

/** Whether a name can be that of a repository of releases: candidates are no base images. */
export function isReleaseRepository(repository: string, prefix: string): boolean {
  return repository.startsWith(prefix) && !isCandidate(repository, prefix);
}

/**
 * Whether a build may read a repository. Releases of projects are public, so every build may. The account may have other repositories, which
 * are nobody's business unless somebody who answers for it names them: the operators in the configuration, or the index in `depends-on`.
 * @param named image names of the entry's `depends-on` and of the configuration
 */
export function isReadableBase(repository: WantedRepository, named: readonly string[], prefix: string): boolean {
  if (!isReleaseRepository(repository.name, prefix)) return false;
  return repository.isOfProject || named.some((image) => isNamed(image, repository, prefix));
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

/** What the names of all projects begin with that release to a repository. */
export function projectsReleasingTo(repository: string, prefix: string): string {
  const path = repository.slice(prefix.length);
  return `${path.includes('/') ? path : `library/${path}`}:`;
}
