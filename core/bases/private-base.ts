import { type Build, isReleasable } from '../model/build.ts';
import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference } from '../model/image-reference.ts';

/**
 * Whether a build may pull an image with the operators' credentials. A pull request could show strangers what is in any image that the
 * credentials open: its build gets only the images that the branch is built on already: people who may push to the branch chose those.
 * @param image `ghcr.io/acme/base`
 * @param known the names of the images that the branch was built on last
 */
export function mayPull(image: string, build: Pick<Build, 'ref'>, known: readonly string[]): boolean {
  return isReleasable(build.ref) || known.some((name) => repositoryOf(name) === image);
}

/** The name of an image without its tag and digest, with its registry. */
export function repositoryOf(image: string): string | undefined {
  try {
    const { registry, repository } = parseImageReference(image);
    return `${registry}/${repository}`;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
