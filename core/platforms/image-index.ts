import * as z from 'zod';
import { imageDigestSchema } from '../model/image-reference.ts';
import { architectureOf, type Platform, type PlatformImage, platforms } from '../model/platform.ts';
import { parseJson } from '../text/parse-json.ts';

export const indexType = 'application/vnd.oci.image.index.v1+json';

/** An image as an index lists it. */
export interface ListedImage extends PlatformImage {
  mediaType: string;
  /** Of its manifest, in bytes. */
  size: number;
  /** Of its manifest. */
  annotations: Readonly<Record<string, string>>;
}

/**
 * The image index of some images: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 * The same images always give the same bytes. The index has the annotations that all of its images have.
 */
export function imageIndexOf(images: readonly ListedImage[]): string {
  const [first, ...others] = images;
  const common = Object.entries(first?.annotations ?? {}).filter(([name, value]) =>
    others.every(({ annotations }) => annotations[name] === value),
  );
  const manifests = images
    .toSorted((one, other) => platforms.indexOf(one.platform) - platforms.indexOf(other.platform))
    .map(({ mediaType, digest, size, platform }) => ({ mediaType, digest, size, platform: described(platform) }));
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: indexType,
    manifests,
    annotations: common.length === 0 ? undefined : Object.fromEntries(common.toSorted()),
  });
}

/** How an index describes the machines that an image is for; every 64-bit ARM is `v8`. */
function described(platform: Platform) {
  const architecture = architectureOf(platform);
  return { architecture, os: 'linux', variant: architecture === 'arm64' ? 'v8' : undefined };
}

const indexSchema = z.object({
  mediaType: z.literal(indexType),
  manifests: z.array(
    z.object({
      digest: imageDigestSchema,
      platform: z.object({ os: z.string(), architecture: z.string() }),
    }),
  ),
});

/**
 * The images of an index that has exactly one for each of the platforms; undefined for anything else: code that a build runs may have
 * pushed it.
 */
export function imagesOf(manifest: string, wanted: readonly Platform[]): PlatformImage[] | undefined {
  const { manifests } = indexSchema.safeParse(parseJson(manifest)).data ?? { manifests: [] };
  const listed = new Map(
    manifests.map(({ digest, platform: { os, architecture } }) => [`${os}/${architecture}`, digest]),
  );
  const images = wanted.flatMap((platform) => {
    const digest = listed.get(platform);
    return digest === undefined ? [] : [{ platform, digest }];
  });
  return images.length === wanted.length && manifests.length === wanted.length ? images : undefined;
}
