import type { ManifestPlace } from '../model/deploy-target.ts';

/** The image that is written into manifests. */
export interface DeployedImage {
  /** With the registry's host: `registry.example.org/demo/app`. */
  repository: string;
  /** The tag that people read; the digest is what counts. */
  tag: string;
  digest: string;
}

/** `1.2.3@sha256:…`: wherever a tag is put behind a name, the digest may follow it. */
export function pinnedTag({ tag, digest }: DeployedImage): string {
  return `${tag}@${digest}`;
}

/** `registry.example.org/demo/app:1.2.3@sha256:…` */
export function pinnedImage(image: DeployedImage): string {
  return `${image.repository}:${pinnedTag(image)}`;
}

export function partOf(image: DeployedImage, part: NonNullable<ManifestPlace['part']>): string {
  const parts = { image: pinnedImage(image), name: image.repository, tag: image.tag, digest: image.digest };
  return parts[part];
}

/** The registry's host and the rest of a repository. */
export function splitHost(repository: string): { host: string | undefined; path: string } {
  const [first = '', ...rest] = repository.split('/');
  // https://github.com/distribution/reference/blob/main/normalize.go
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? { host: first, path: rest.join('/') } : { host: undefined, path: repository };
}

/**
 * Whether a reference in a manifest, such as `registry.example.org/demo/app:1.2.3`, is one of the names. A name without a registry's host
 * means that image of any registry, because the same manifests are used with several.
 */
export function isNamed(reference: string, names: readonly string[]): boolean {
  const [, name = ''] = /^([^@]*?)(?::[^/:@]*)?(?:@.*)?$/.exec(reference.trim()) ?? [];
  return name !== '' && names.some((wanted) => wanted === name || wanted === splitHost(name).path);
}
