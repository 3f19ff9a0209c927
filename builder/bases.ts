import { repositoryOf } from '../core/bases/private-base.ts';
import { isReleaseRepository } from '../core/builds/readable-base.ts';
import type { Base, MissingBase } from '../core/model/builder-contract.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { type ImageReference, imageName, parseImageReference, wantedVersion } from '../core/model/image-reference.ts';
import {
  LoginRefusedError,
  outsideRegistry,
  type Registry,
  RegistryBusyError,
  RegistryUnavailableError,
} from '../services/registry/registry-client.ts';
import type { BuildRegistry } from './build-session.ts';
import {
  BaseLimitedError,
  BaseNotFoundError,
  BaseUnavailableError,
  DockerfileInvalidError,
  MissingBaseError,
} from './errors.ts';
import { manifestDigest } from './registry.ts';

/** A base image and the name by which the engine pulls it. */
export interface ResolvedBase extends Base {
  /** `localhost:4600/demo/base@sha256:…` */
  pinned: string;
}

export interface BaseSearch {
  own: Registry & Pick<BuildRegistry, 'open' | 'logins' | 'withheld'>;
  repositoryPrefix: string;
  /** The hosts of outside registries that may have a private address. */
  privateHosts: readonly string[];
  /** By the host of an outside registry: the prefix under which ECR's pull-through cache has its images. */
  pullThrough: Readonly<Record<string, string>>;
  /** Whether a name without a registry may be one of this pipeline's releases; any project may have any name. */
  prefersOwn?: boolean;
  signal: AbortSignal;
}

/** The outcome for each image that a Dockerfile names. */
export interface NamedBases {
  bases: ResolvedBase[];
  missing: MissingBase[];
  /** Why a base is missing or cannot be used. */
  failures: unknown[];
}

/** Resolves each reference by itself, so that one error reports all missing bases together with those that were found. */
export async function resolveBases(references: Iterable<string>, search: BaseSearch): Promise<NamedBases> {
  const named: NamedBases = { bases: [], missing: [], failures: [] };
  const texts = [...references];
  const readable = await open(texts, search);
  const outcomes = await Promise.allSettled(texts.map((text) => find(text, search, readable)));
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

/** Makes those of the images readable that are in the pipeline's own registry. */
export async function openImages(images: readonly string[], search: BaseSearch): Promise<void> {
  await open(images, search);
}

/** Makes readable what the texts may name. Returns what is readable of this pipeline's own registry. */
function open(texts: readonly string[], search: BaseSearch): Promise<ReadonlySet<string>> {
  const outside = texts.map((text) => repositoryOf(text)).filter((image) => image !== undefined);
  return search.own.open(
    texts.flatMap((text) => ownRepositories(text, search)),
    outside.filter((image) => !image.startsWith(`${search.own.host}/`)),
  );
}

/**
 * Finds the digest of an image that a Dockerfile is built from: among this pipeline's releases first, then in the outside registry
 * that the reference names.
 * @throws BaseNotFoundError, BaseLimitedError, BaseUnavailableError, DockerfileInvalidError
 */
export async function resolveBase(text: string, search: BaseSearch): Promise<ResolvedBase> {
  return find(text, search, await open([text], search));
}

/** @param readable the repositories of this pipeline that the build may read: the others do not exist, or hold candidates */
async function find(
  text: string,
  { own, repositoryPrefix, privateHosts, pullThrough, prefersOwn = true, signal }: BaseSearch,
  readable: ReadonlySet<string>,
): Promise<ResolvedBase> {
  const reference = parsed(text);
  const version = wantedVersion(reference);
  const missing = (registry: Registry, repository: string): MissingBase => ({
    reference: text,
    // With a digest, the registry ignores the tag, but the tag tells people, and the base watch, which image it is.
    image: imageName(registry.host, repository, reference.tag ?? version),
    own: registry === own,
  });
  const lookUp = async (registry: Registry, repository: string): Promise<ResolvedBase | undefined> => {
    if (registry === own && !readable.has(repository)) return undefined;
    const digest = await manifestDigest(registry, repository, version, signal, privateHosts).catch((error: unknown) => {
      if (!(error instanceof RegistryUnavailableError)) throw error;
      if (error instanceof RegistryBusyError) {
        throw new BaseLimitedError(
          missing(registry, repository),
          `The base ${text} is not available at the moment: it cannot be looked up in the registry ${registry.host}, because ${error.message}. ` +
            'Nothing is wrong with the Dockerfile: have the build started again later.',
          { cause: error },
        );
      }
      throw new BaseUnavailableError(
        missing(registry, repository),
        `The base ${text} cannot be looked up in the registry ${registry.host}: ${error.message}. ` +
          nextStep(error, { isOwn: registry === own, isWritten: reference.registryIsWritten }),
        { cause: error },
      );
    });
    if (digest === undefined) return undefined;
    // The registry itself says which image a tag names, which it does not count as a pull. By digest the cache cannot be out of date.
    const prefix = registry === own ? undefined : pullThrough[registry.host];
    const pinned =
      prefix === undefined
        ? imageName(registry.host, repository, digest)
        : imageName(own.host, `${prefix}/${repository}`, digest);
    return { ...missing(registry, repository), digest, pinned };
  };

  const isOwnHost = namesOwnHost(reference, own);
  if (isOwnHost || (prefersOwn && !reference.registryIsWritten)) {
    const repository = `${repositoryPrefix}${reference.path}`;
    const release = await lookUp(own, repository);
    if (release) return release;
    if (isOwnHost) {
      // The name may already include the prefix of all releases.
      const isWhole = reference.path.startsWith(repositoryPrefix);
      const whole = isWhole ? await lookUp(own, reference.path) : undefined;
      if (whole) return whole;
      throw new BaseNotFoundError(
        missing(own, isWhole ? reference.path : repository),
        `The base ${text} is not a release of a project of the index. Release the image first, or correct its name in the Dockerfile. If it is another image of this registry, add its name to "depends-on" of the entry.`,
      );
    }
  }
  const name = `${reference.registry}/${reference.repository}`;
  const credentials = own.logins[name];
  // The operators named the registry, and trust the server that it names for tokens.
  const outside = { ...outsideRegistry(reference.registry), credentials, trustsTokenServer: true };
  const image = await lookUp(outside, reference.repository);
  if (image) return image;
  const searched =
    reference.registryIsWritten || !prefersOwn
      ? `in ${outside.host}`
      : `among this pipeline's releases, nor in ${outside.host}`;
  throw new BaseNotFoundError(
    missing(outside, reference.repository),
    `The base ${text} does not exist ${searched}, or is not public. Correct its name or tag in the Dockerfile, or release it first. ${own.withheld.includes(name) ? credentialsOfOthers : credentialsNeeded}`,
  );
}

/** @param isWritten whether the Dockerfile names the registry */
function nextStep(
  error: RegistryUnavailableError,
  { isOwn, isWritten }: { isOwn: boolean; isWritten: boolean },
): string {
  if (error instanceof LoginRefusedError && !isOwn)
    return 'Ask the operators to store others that may pull it, then have the build started again.';
  return isOwn || isWritten
    ? 'Have the build started again when the registry answers.'
    : "It is not among this pipeline's releases either. Release it, or have the build started again when the registry answers.";
}

const credentialsNeeded =
  'A private image needs credentials, which the operators of this pipeline can store for its registry.';
const credentialsOfOthers =
  'The credentials that this pipeline has for it are kept to other app-ids: ask the operators to add this one, if it may build on the image.';

const namesOwnHost = ({ registryIsWritten, registry }: ImageReference, own: Registry): boolean =>
  registryIsWritten && registry === own.host;

/** Where this pipeline's registry may have an image. Nothing may depend on a candidate, which may still be blocked. */
function ownRepositories(text: string, { own, repositoryPrefix, prefersOwn = true }: BaseSearch): string[] {
  let reference: ImageReference;
  try {
    reference = parsed(text);
  } catch (error) {
    // The search itself reports it, with the other bases.
    if (error instanceof DockerfileInvalidError) return [];
    throw error;
  }
  const isOwnHost = namesOwnHost(reference, own);
  if (!isOwnHost && (reference.registryIsWritten || !prefersOwn)) return [];
  const names = [`${repositoryPrefix}${reference.path}`, ...(isOwnHost ? [reference.path] : [])];
  return names.filter((name) => isReleaseRepository(name, repositoryPrefix));
}

function parsed(text: string): ImageReference {
  try {
    return parseImageReference(text);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new DockerfileInvalidError(`The Dockerfile cannot be built: ${error.message}`, { cause: error });
  }
}
