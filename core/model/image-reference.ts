import * as z from 'zod';
import { InvalidInputError } from './errors.ts';

/** The parts of an image's name, including the defaults that `docker pull` adds (`docker.io`, `library/`). */
export interface ImageReference {
  /** `docker.io`, `localhost:4600`, `123456789012.dkr.ecr.us-east-1.amazonaws.com` */
  registry: string;
  /** False where the registry is the default, not written. */
  registryIsWritten: boolean;
  /** The repository as the registry knows it: `library/debian`. */
  repository: string;
  /** The repository as written, without the registry: `debian`. */
  path: string;
  tag?: string | undefined;
  /** Absent unless the reference names one. */
  digest?: string | undefined;
}

// The grammar of https://github.com/distribution/reference/blob/main/reference.go
const registryPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const componentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
const longestName = 255;
/** Other host names of Docker Hub's registry. */
const dockerHubHosts = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];

/** An image digest as registries write it. */
export const imageDigestSchema = z.string().regex(digestPattern);

/**
 * Reads an image reference as Docker does.
 * @throws InvalidInputError
 */
export function parseImageReference(text: string): ImageReference {
  const invalid = (why: string) => new InvalidInputError(`${JSON.stringify(text)} is not an image's name: ${why}.`);

  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !digestPattern.test(digest)) throw invalid('the digest is malformed');
  const tagged = at < 0 ? text : text.slice(0, at);

  const colon = tagged.lastIndexOf(':');
  const hasTag = colon > tagged.lastIndexOf('/');
  const tag = hasTag ? tagged.slice(colon + 1) : undefined;
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid('the tag is malformed');
  const name = hasTag ? tagged.slice(0, colon) : tagged;

  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const registryIsWritten = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (registryIsWritten && !registryPattern.test(first)) throw invalid("the registry's host is malformed");
  const registry = !registryIsWritten || dockerHubHosts.includes(first) ? 'docker.io' : first;
  const path = registryIsWritten ? name.slice(slash + 1) : name;

  if (path === '') throw invalid('there is no repository in it');
  if (path !== path.toLowerCase()) throw invalid('a repository must be in lower case');
  if (!path.split('/').every((component) => componentPattern.test(component))) {
    throw invalid('the repository is malformed');
  }
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (registry.length + 1 + repository.length > longestName)
    throw invalid(`it is longer than ${longestName} characters`);

  return {
    registry,
    registryIsWritten,
    repository,
    path,
    tag,
    digest,
  };
}

/** The digest or tag to request from the registry: the digest if there is one, else the tag, else `latest`. */
export function wantedVersion(reference: ImageReference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}

/** `registry/repository:tag` or `registry/repository@digest`. */
export function imageName(registry: string, repository: string, version: string): string {
  return `${registry}/${repository}${digestPattern.test(version) ? '@' : ':'}${version}`;
}
