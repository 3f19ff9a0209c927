import type { Base, MissingBase } from '../core/model/builder-contract.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { type ImageReference, imageName, parseImageReference, wantedVersion } from '../core/model/image-reference.ts';
import { isCandidate } from '../core/model/project.ts';
import { outsideRegistry, type Registry, RegistryUnavailableError } from '../services/registry/digest-lookup.ts';
import { BaseNotFoundError, BaseUnavailableError, DockerfileInvalidError, MissingBaseError } from './errors.ts';
import { manifestDigest } from './registry.ts';

/** A base image and the name by which the engine pulls it. */
export interface ResolvedBase extends Base {
  /** `localhost:4600/demo/base@sha256:…` */
  pinned: string;
}

export interface BaseSearch {
  own: Registry;
  repositoryPrefix: string;
  /** The hosts of outside registries that may have a private address. */
  privateHosts: readonly string[];
  signal: AbortSignal;
}
/** What became of the images that a Dockerfile names. */
export interface NamedBases {
  bases: ResolvedBase[];
  missing: MissingBase[];
  /** Why a base is missing, or is no base. */
  failures: unknown[];
}

/** Resolves each reference by itself, so that one error reports all missing bases together with those that were found. */
export async function resolveBases(references: Iterable<string>, search: BaseSearch): Promise<NamedBases> {
  const named: NamedBases = { bases: [], missing: [], failures: [] };
  const outcomes = await Promise.allSettled([...references].map((reference) => resolveBase(reference, search)));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') {
      named.bases.push(outcome.value);
      continue;
    }
    named.failures.push(outcome.reason);
    if (outcome.reason instanceof MissingBaseError) named.missing.push(outcome.reason.base);
  }
  return named;
}

/**
 * Finds the digest of an image that a Dockerfile is built from: among this pipeline's releases first, then in the outside registry
 * that the reference names.
 * @throws BaseNotFoundError, BaseUnavailableError, DockerfileInvalidError
 */
export async function resolveBase(
  text: string,
  { own, repositoryPrefix, privateHosts, signal }: BaseSearch,
): Promise<ResolvedBase> {
  const reference = parsed(text);
  const version = wantedVersion(reference);
  const missing = (registry: Registry, repository: string): MissingBase => ({
    reference: text,
    // With a digest, the registry ignores the tag, but the tag tells people, and the base watch, which image it is.
    image: imageName(registry.host, repository, reference.tag ?? version),
    own: registry === own,
  });
  const find = async (registry: Registry, repository: string): Promise<ResolvedBase | undefined> => {
    // Nothing may depend on an image that may still be blocked, although the builder could pull it.
    if (registry === own && isCandidate(repository, repositoryPrefix)) return undefined;
    const digest = await manifestDigest(registry, repository, version, signal, privateHosts).catch((error: unknown) => {
      if (!(error instanceof RegistryUnavailableError)) throw error;
      throw new BaseUnavailableError(
        missing(registry, repository),
        `The base ${text} cannot be looked up in the registry ${registry.host}: ${error.message}. ` +
          (registry === own || reference.registryIsWritten
            ? 'Have the build started again when the registry answers.'
            : "It is not among this pipeline's releases either. Release it, or have the build started again when the registry answers."),
        { cause: error },
      );
    });
    if (digest === undefined) return undefined;
    return { ...missing(registry, repository), digest, pinned: imageName(registry.host, repository, digest) };
  };

  const isOwnHost = reference.registryIsWritten && reference.registry === own.host;
  if (isOwnHost || !reference.registryIsWritten) {
    const repository = `${repositoryPrefix}${reference.path}`;
    const release = await find(own, repository);
    if (release) return release;
    if (isOwnHost) {
      // The name may already include the prefix of all releases.
      const isWhole = reference.path.startsWith(repositoryPrefix);
      const whole = isWhole ? await find(own, reference.path) : undefined;
      if (whole) return whole;
      throw new BaseNotFoundError(
        missing(own, isWhole ? reference.path : repository),
        `The base ${text} does not exist in this registry. Release the image first, or correct its name in the Dockerfile.`,
      );
    }
  }
  const outside = outsideRegistry(reference.registry);
  const image = await find(outside, reference.repository);
  if (image) return image;
  const searched = reference.registryIsWritten
    ? `in ${outside.host}`
    : `among this pipeline's releases, nor in ${outside.host}`;
  throw new BaseNotFoundError(
    missing(outside, reference.repository),
    `The base ${text} does not exist ${searched}, or is not public. Correct its name or tag in the Dockerfile, or release it first.`,
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
