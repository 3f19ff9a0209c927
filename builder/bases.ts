import type { Base } from '../core/build-request.ts';
import { InvalidInputError } from '../core/errors.ts';
import { type ImageReference, imageName, parseImageReference, wantedVersion } from '../core/image-reference.ts';
import { isCandidate } from '../core/project.ts';
import { outsideRegistry, type Registry, RegistryUnavailableError } from '../services/image-digests.ts';
import { BaseNotFoundError, BaseUnavailableError, DockerfileInvalidError } from './errors.ts';
import { manifestDigest } from './registry.ts';

/** A base and where the engine takes it from. */
export interface ResolvedBase extends Base {
  /** `localhost:4600/demo/base@sha256:…` */
  pinned: string;
}

export interface BaseSearch {
  own: Registry;
  repositoryPrefix: string;
  signal: AbortSignal;
}

/**
 * Finds the digest of an image that a Dockerfile is built from: among this pipeline's releases first, then in the outside registry
 * that the reference names.
 * @throws BaseNotFoundError, BaseUnavailableError, DockerfileInvalidError
 */
export async function resolveBase(text: string, { own, repositoryPrefix, signal }: BaseSearch): Promise<ResolvedBase> {
  const reference = parsed(text);
  const version = wantedVersion(reference);
  const found = (registry: Registry, repository: string, digest: string): ResolvedBase => ({
    reference: text,
    image: imageName(registry.host, repository, version),
    digest,
    own: registry === own,
    pinned: imageName(registry.host, repository, digest),
  });
  const look = async (registry: Registry, repository: string): Promise<ResolvedBase | undefined> => {
    // Nothing stands on an image that may yet be blocked, although the builder could pull it.
    if (registry === own && isCandidate(repository, repositoryPrefix)) return undefined;
    const digest = await manifestDigest(registry, repository, version, signal).catch((error: unknown) => {
      if (!(error instanceof RegistryUnavailableError)) throw error;
      throw new BaseUnavailableError(
        `The base ${text} cannot be looked up in the registry ${registry.host}: ${error.message}. ` +
          (registry === own || reference.registryIsWritten
            ? 'Have the build started again when the registry answers.'
            : "It is not among this pipeline's releases either. Release it, or have the build started again when the registry answers."),
        { cause: error },
      );
    });
    return digest === undefined ? undefined : found(registry, repository, digest);
  };

  const isOwnHost = reference.registryIsWritten && reference.registry === own.host;
  if (isOwnHost || !reference.registryIsWritten) {
    const release = await look(own, `${repositoryPrefix}${reference.path}`);
    if (release) return release;
    if (isOwnHost) {
      // The name may be whole already, with the prefix that stands before every release.
      const whole = reference.path.startsWith(repositoryPrefix) ? await look(own, reference.path) : undefined;
      if (whole) return whole;
      throw new BaseNotFoundError(
        `The base ${text} does not exist in this registry. Release the image first, or correct its name in the Dockerfile.`,
      );
    }
  }
  const outside = outsideRegistry(reference.registry);
  const image = await look(outside, reference.repository);
  if (image) return image;
  const places = reference.registryIsWritten
    ? `in ${outside.host}`
    : `among this pipeline's releases, nor in ${outside.host}`;
  throw new BaseNotFoundError(
    `The base ${text} does not exist ${places}, or is not public. Correct its name or tag in the Dockerfile, or release it first.`,
  );
}

function parsed(text: string): ImageReference {
  try {
    return parseImageReference(text);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new DockerfileInvalidError(`The Dockerfile cannot be built: ${error.message}`, { cause: error });
  }
}
