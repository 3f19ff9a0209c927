import { parseImageReference } from '../model/image-reference.ts';

/**
 * Docker's own reader of Dockerfiles, the only frontend that may be named unless the index allows others: BuildKit runs it as a part of
 * itself. https://docs.docker.com/build/buildkit/frontend/
 */
const dockers = 'docker/dockerfile';

/**
 * Whether a Dockerfile may name an image as its frontend (`# syntax=`), in any version. `allowed` are the names that the index adds.
 * @throws InvalidInputError
 */
export function isAllowedFrontend(reference: string, allowed: readonly string[] = []): boolean {
  const named = nameOf(reference);
  return [dockers, ...allowed].some((name) => nameOf(name) === named);
}

function nameOf(reference: string): string {
  const { registry, repository } = parseImageReference(reference);
  return `${registry}/${repository}`;
}
