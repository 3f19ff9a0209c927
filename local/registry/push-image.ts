import { algorithmOf, digestOf } from './digest.ts';
import { isForeign, type Manifest, maximumManifestSize, parseManifest } from './manifest.ts';
import type { Registry } from './registry.ts';
import { RegistryError } from './registry-error.ts';
import type { Repository } from './repositories.ts';
import { isImmutable } from './tag-mutability.ts';

export interface Push {
  manifest: Buffer;
  mediaType: string | undefined;
  /** What the client says that the digest is. */
  digest: string | undefined;
  tags: string[];
}

export interface Pushed {
  digest: string;
  manifest: Manifest;
}

/** Why an image may not be put into its repository. ECR's API and the registry have a name of their own for each. */
export class PushRefusedError extends Error {
  override readonly name = 'PushRefusedError';
  readonly reason: 'digest-does-not-match' | 'layers-not-found' | 'images-not-found' | 'tag-is-immutable';

  constructor(reason: PushRefusedError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Puts a manifest and its tags into a repository, once everything that it is made of is there.
 * @throws PushRefusedError, or RegistryError MANIFEST_INVALID or SIZE_INVALID
 */
export function pushImage(registry: Registry, accountId: string, repository: Repository, push: Push): Pushed {
  if (push.manifest.length > maximumManifestSize) {
    throw new RegistryError('MANIFEST_INVALID', 'The manifest is larger than 4194304 bytes', { status: 413 });
  }
  const manifest = parseManifest(push.manifest, push.mediaType);
  const digest = digestOf(push.manifest, algorithmOf(push.digest ?? ''));
  const { name } = repository;
  if (push.digest !== undefined && push.digest !== digest) {
    throw new PushRefusedError(
      'digest-does-not-match',
      `The image with digest '${push.digest}' in repository '${name}' and registry ID '${accountId}' does not match the image digest that Amazon ECR has calculated.`,
    );
  }
  const size =
    manifest.kind === 'image'
      ? sizeOfLayers(registry, accountId, name, manifest)
      : sizeOfLargest(registry, accountId, name, manifest);
  for (const tag of push.tags) {
    if (isImmutable(repository, tag) && registry.images.byTag(name, tag) !== undefined) {
      throw new PushRefusedError(
        'tag-is-immutable',
        `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`,
      );
    }
  }
  const { mediaType, artifactType, subject, annotations } = manifest;
  registry.images.put(
    {
      repository: name,
      digest,
      mediaType,
      artifactType,
      subject,
      annotations,
      size,
      manifest: push.manifest,
      blobs: blobsOf(manifest).map((blob) => blob.digest),
      images: manifest.manifests.map((image) => image.digest),
    },
    push.tags,
  );
  return { digest, manifest };
}

/** Everything of an image that the registry itself holds. */
export function blobsOf(manifest: Manifest) {
  const own = manifest.layers.filter((layer) => !isForeign(layer));
  return manifest.config === undefined ? own : [manifest.config, ...own];
}

function sizeOfLayers({ layers }: Registry, accountId: string, repository: string, manifest: Manifest): number {
  const blobs = blobsOf(manifest).map((descriptor) => ({
    descriptor,
    found: layers.find(repository, descriptor.digest),
  }));
  const missing = blobs.filter(({ found }) => found === undefined).map(({ descriptor }) => descriptor.digest);
  if (missing.length > 0)
    throw new PushRefusedError('layers-not-found', notThere('Layers', missing, repository, accountId));
  for (const { descriptor, found } of blobs) {
    if (found?.size !== descriptor.size) {
      throw new RegistryError(
        'SIZE_INVALID',
        `The manifest gives ${descriptor.size} bytes for ${descriptor.digest}, which has ${found?.size}`,
      );
    }
  }
  return manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
}

function sizeOfLargest({ images }: Registry, accountId: string, repository: string, manifest: Manifest): number {
  const children = manifest.manifests.map(({ digest }) => ({ digest, found: images.byDigest(repository, digest) }));
  const missing = children.filter(({ found }) => found === undefined).map(({ digest }) => digest);
  if (missing.length > 0)
    throw new PushRefusedError('images-not-found', notThere('Images', missing, repository, accountId));
  return Math.max(0, ...children.map(({ found }) => found?.size ?? 0));
}

/** Seen in many reports of failed pushes, for instance https://github.com/oras-project/oras-py/issues/54 */
function notThere(what: string, digests: string[], repository: string, accountId: string): string {
  const list = [...new Set(digests)].join(', ');
  return `${what} with digests '[${list}]' required for pushing image into repository with name '${repository}' in the registry with id '${accountId}' do not exist`;
}
