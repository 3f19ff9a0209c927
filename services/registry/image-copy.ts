import { createHash } from 'node:crypto';
import * as z from 'zod';
import { mapConcurrently } from '../../core/concurrency.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { ImageOrigin } from './image-origin.ts';
import { digestOf, type ImagePush, type Manifest } from './image-push.ts';

export interface CopiedImage {
  /** Where it is in our own registry. */
  repository: string;
  digest: string;
  /** A tag that names another image by now is left out. */
  tags: readonly string[];
  /** The artifact types of the referrers that go with it. */
  referrerTypes: readonly string[];
  /** Another repository of the destination's registry that may have the layers. */
  mountFrom?: string | undefined;
}

const blobsAtOnce = 3;
const descriptorSchema = z.object({ digest: z.string(), size: z.int().nonnegative() });
const manifestSchema = z.object({
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  config: descriptorSchema.optional(),
  layers: z.array(descriptorSchema).default([]),
  manifests: z.array(descriptorSchema).default([]),
});

/**
 * Copies an image with its referrers to a registry outside, byte for byte. What is there already is not sent again, so that a copy that
 * was broken off goes on where it was. The tags come last: whoever pulls by one finds everything.
 * @param signal ends the copy
 */
export async function copyImage(origin: ImageOrigin, push: ImagePush, image: CopiedImage, signal: AbortSignal) {
  const { repository, digest, tags, referrerTypes, mountFrom } = image;

  async function read(reference: string): Promise<Manifest> {
    const manifest = await origin.manifest(repository, reference);
    if (digestOf(manifest.bytes) === reference) return manifest;
    throw new UpstreamError(`The registry has another manifest as ${repository}@${reference}.`);
  }

  async function send(blob: z.infer<typeof descriptorSchema>): Promise<void> {
    signal.throwIfAborted();
    if (await push.hasBlob(blob)) return;
    await push.putBlob(blob, async () => verified(await origin.blob(repository, blob), blob), mountFrom);
  }

  async function copy(reference: string): Promise<Manifest> {
    signal.throwIfAborted();
    const manifest = await read(reference);
    if (await push.hasManifest(reference, manifest)) return manifest;
    const { config, layers, manifests } = contentOf(manifest);
    for (const child of manifests) await copy(child.digest);
    const blobs = new Map([...(config ? [config] : []), ...layers].map((blob) => [blob.digest, blob]));
    // Uploads that are running when another one fails are finished, so that the next attempt need not repeat them.
    const errors: unknown[] = [];
    await mapConcurrently([...blobs.values()], blobsAtOnce, async (blob) => {
      if (errors.length === 0) await send(blob).catch((error: unknown) => errors.push(error));
    });
    if (errors.length > 0) throw errors[0];
    await push.putManifest(reference, manifest);
    return manifest;
  }

  async function copyReferrers(subject: string): Promise<void> {
    const referrers = (await origin.referrers(repository, subject)).filter(({ artifactType }) =>
      referrerTypes.includes(artifactType),
    );
    const descriptors = [];
    for (const referrer of referrers) {
      const { bytes, mediaType } = await copy(referrer.digest);
      const { artifactType, annotations } = contentOf({ bytes, mediaType });
      descriptors.push({ mediaType, digest: referrer.digest, size: bytes.length, artifactType, annotations });
    }
    if (descriptors.length > 0) await push.listReferrers(subject, descriptors);
  }

  const manifest = await copy(digest);
  for (const child of contentOf(manifest).manifests) await copyReferrers(child.digest);
  await copyReferrers(digest);
  for (const tag of tags) {
    if ((await origin.digestOf(repository, tag)) !== digest) continue;
    if ((await push.digestOf(tag, manifest)) !== digest) await push.putManifest(tag, manifest);
  }
}

function contentOf({ bytes }: Manifest): z.infer<typeof manifestSchema> {
  return manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
}

/** The same bytes; an error at their end if they are not those of the blob, so that the upload is not finished. */
export async function* verified(source: AsyncIterable<Uint8Array>, blob: z.infer<typeof descriptorSchema>) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    size += chunk.length;
    yield chunk;
  }
  if (size !== blob.size || `sha256:${hash.digest('hex')}` !== blob.digest)
    throw new UpstreamError(`The registry gave other bytes than those of ${blob.digest}.`);
}
