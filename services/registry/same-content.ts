import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { LayerContent } from './layer-tar.ts';

export interface ImageSource {
  /** What a manifest or a configuration says; undefined where there is none. */
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

type Layer = z.infer<typeof layerSchema>;

/** In bytes, as they are sent, and as they are read: images that differ by more are not the same. */
const limits = { compressed: 2_000_000_000, read: 10_000_000_000 };

/**
 * Whether two images are one but for times: those of their files, and what the engine notes of how it made them. Engines give each step's files
 * the time of the commit, but a step of the cache keeps that of the commit which it was made for, and Buildah notes in the history which
 * step of the cache it took: the same commit, built with the cache and without, has two digests.
 *
 * Layers with one digest are not read. What cannot be read, or is too much, is not the same.
 */
export async function haveSameContent(source: ImageSource, one: ImageLocation, other: ImageLocation): Promise<boolean> {
  const [first, second] = await Promise.all([describe(source, one), describe(source, other)]);
  if (!first || !second || !isDeepStrictEqual(first.said, second.said)) return false;
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

/** What an image says of itself beside its times; undefined for an index, and for what is no image. */
async function describe(source: ImageSource, { repository, digest }: ImageLocation) {
  const manifest = manifestSchema.safeParse(await source.json(repository, 'manifests', digest)).data;
  if (!manifest) return undefined;
  const { config: descriptor, layers, ...rest } = manifest;
  const config = configSchema.safeParse(await source.json(repository, 'blobs', descriptor.digest)).data;
  if (!config) return undefined;
  const { created: _, history: __, rootfs: ___, ...settings } = config;
  return { layers, said: { rest, settings } };
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
      if (read > limits.read) throw new RangeError('The layer is larger than any that is read.');
      content.write(piece);
    }
  };
  const bytes = await source.blob(repository, digest);
  try {
    if (mediaType.endsWith('gzip')) await pipeline(bytes, createGunzip(), take);
    else if (mediaType.endsWith('zstd')) await pipeline(bytes, createZstdDecompress(), take);
    else await take(bytes);
  } catch {
    // Released once more than needed is better than not at all.
    return undefined;
  }
  return content.digest();
}
