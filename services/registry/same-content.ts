import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import * as z from 'zod';
import { LayerContent } from './layer-tar.ts';

export interface ImageSource {
  /** A manifest or a configuration; undefined if there is none. */
  json(repository: string, kind: 'manifests' | 'blobs', digest: string): Promise<unknown>;
  blob(repository: string, digest: string): Promise<AsyncIterable<Uint8Array>>;
}

export interface ImageLocation {
  repository: string;
  digest: string;
}

const layerSchema = z.object({ digest: z.string(), mediaType: z.string(), size: z.number() });
const manifestSchema = z.looseObject({ config: z.object({ digest: z.string() }), layers: z.array(layerSchema) });
const configSchema = z.looseObject({});
const indexSchema = z.object({
  manifests: z.array(z.object({ digest: z.string(), platform: z.record(z.string(), z.unknown()) })).min(1),
});

type Layer = z.infer<typeof layerSchema>;

/** In bytes: compressed over all differing layers, and unpacked for each layer. Images beyond these limits count as different. */
const limits = { compressed: 2_000_000_000, read: 10_000_000_000 };

/**
 * Whether two images differ only in the times of their files and in the engine's history. Engines give each step's files the time of the
 * commit, but a cached step keeps the time of the commit that it was built for, and Buildah records in the history which cached step it
 * used. So the same commit, built with and without the cache, has two digests.
 *
 * Layers with equal digests are not read. Of image indexes, the images of each platform are compared. Images that cannot be read, or are
 * too large, count as different.
 */
export async function haveSameContent(source: ImageSource, one: ImageLocation, other: ImageLocation): Promise<boolean> {
  const read = ({ repository, digest }: ImageLocation) => source.json(repository, 'manifests', digest);
  const manifests = await Promise.all([read(one), read(other)]);
  const [images, others] = manifests.map(imagesOf);
  if (!images || !others) {
    const [manifest, counterpart] = manifests;
    return areSameImages(
      source,
      { repository: one.repository, manifest },
      { repository: other.repository, manifest: counterpart },
    );
  }
  if (images.size !== others.size) return false;
  for (const [platform, digest] of images) {
    const counterpart = others.get(platform);
    if (counterpart === undefined) return false;
    if (digest === counterpart) continue;
    if (!(await haveSameContent(source, { ...one, digest }, { ...other, digest: counterpart }))) return false;
  }
  return true;
}

/** By platform, the images of an index; undefined for anything else. */
function imagesOf(manifest: unknown): Map<string, string> | undefined {
  const index = indexSchema.safeParse(manifest).data;
  return index && new Map(index.manifests.map(({ platform, digest }) => [JSON.stringify(platform), digest]));
}

interface ImageManifest {
  repository: string;
  manifest: unknown;
}

async function areSameImages(source: ImageSource, one: ImageManifest, other: ImageManifest): Promise<boolean> {
  const [first, second] = await Promise.all([describe(source, one), describe(source, other)]);
  if (!first || !second || !isDeepStrictEqual(first.description, second.description)) return false;
  if (first.layers.length !== second.layers.length) return false;
  const differing = first.layers.flatMap((layer, at): [Layer, Layer][] => {
    const counterpart = second.layers[at];
    return counterpart && counterpart.digest !== layer.digest ? [[layer, counterpart]] : [];
  });
  const size = differing.flat().reduce((sum, layer) => sum + layer.size, 0);
  if (size > limits.compressed) return false;
  for (const [layer, counterpart] of differing) {
    const content = await contentOf(source, one.repository, layer);
    if (content === undefined || content !== (await contentOf(source, other.repository, counterpart))) return false;
  }
  return true;
}

/** An image's layers and its description without times and history; undefined for an index, and for anything that is not an image. */
async function describe(source: ImageSource, { repository, manifest }: ImageManifest) {
  const image = manifestSchema.safeParse(manifest).data;
  if (!image) return undefined;
  const { config: descriptor, layers, ...rest } = image;
  const config = configSchema.safeParse(await source.json(repository, 'blobs', descriptor.digest)).data;
  if (!config) return undefined;
  const { created: _, history: __, rootfs: ___, ...settings } = config;
  return { layers, description: { rest, settings } };
}

/** Undefined for a layer that cannot be read to its end. */
async function contentOf(
  source: ImageSource,
  repository: string,
  { digest, mediaType }: Layer,
): Promise<string | undefined> {
  const content = new LayerContent();
  let read = 0;
  const take = async (bytes: AsyncIterable<Uint8Array>) => {
    for await (const piece of bytes) {
      read += piece.length;
      if (read > limits.read) throw new RangeError('The layer is too large to compare.');
      content.write(piece);
    }
  };
  const bytes = await source.blob(repository, digest);
  try {
    if (mediaType.endsWith('gzip')) await pipeline(bytes, createGunzip(), take);
    else if (mediaType.endsWith('zstd')) await pipeline(bytes, createZstdDecompress(), take);
    else await take(bytes);
  } catch {
    // An unnecessary release is better than a missing one.
    return undefined;
  }
  return content.digest();
}
