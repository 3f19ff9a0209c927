import {
  BatchGetImageCommand,
  type ECRClient,
  GetDownloadUrlForLayerCommand,
  ImageAlreadyExistsException,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import type { Platform, PlatformImage } from '../../core/model/platform.ts';
import { once } from '../../core/once.ts';
import { imagesOf, indexType, type ListedImage } from '../../core/platforms/image-index.ts';
import { ecrClient } from './ecr-client.ts';
import { digestOf } from './image-push.ts';

/** What an image says of itself. */
export interface DescribedImage extends Omit<ListedImage, 'platform'> {
  /** `linux/arm64`, as its configuration has it. */
  platform: string;
}

const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
/** Has every label and every instruction of the Dockerfiles that the image came from. */
const largestConfiguration = 8 * 2 ** 20;

const manifestSchema = z.object({
  config: z.object({ digest: z.string(), size: z.int().max(largestConfiguration) }),
  annotations: z.record(z.string(), z.string()).default({}),
});
const configurationSchema = z.object({ os: z.string(), architecture: z.string() });

/** The image indexes in ECR, and the images that they are made of. */
export function createImageIndexes(client: ECRClient) {
  async function read(
    repositoryName: string,
    imageId: { imageTag: string } | { imageDigest: string },
    types: string[],
  ) {
    const get = new BatchGetImageCommand({ repositoryName, imageIds: [imageId], acceptedMediaTypes: types });
    const [image] = (await client.send(get)).images ?? [];
    const { imageManifest: manifest, imageManifestMediaType: mediaType } = image ?? {};
    return manifest === undefined || mediaType === undefined ? undefined : { manifest, mediaType };
  }

  async function platformOf(repositoryName: string, layerDigest: string): Promise<string> {
    const address = await client.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest }));
    // It is signed, and that of ECR's own bucket.
    const answer = await fetch(address.downloadUrl ?? '');
    if (!answer.ok) throw new UpstreamError(`ECR answered ${answer.status} to the configuration ${layerDigest}.`);
    const { os, architecture } = configurationSchema.parse(await answer.json());
    return `${os}/${architecture}`;
  }

  return {
    /**
     * The image that a tag names, with the platform that it says it is for; undefined if the tag names none.
     * @throws ZodError if it is not an image as engines make them
     */
    async describe(repository: string, tag: string): Promise<DescribedImage | undefined> {
      const found = await read(repository, { imageTag: tag }, imageTypes);
      if (!found) return undefined;
      const { manifest, mediaType } = found;
      const { config, annotations } = manifestSchema.parse(JSON.parse(manifest));
      const platform = await platformOf(repository, config.digest);
      const bytes = Buffer.from(manifest);
      return { platform, digest: digestOf(bytes), mediaType, size: bytes.length, annotations };
    },

    /** Puts an index under a tag, unless it is there already. Returns its digest. */
    async put(repositoryName: string, imageTag: string, imageManifest: string): Promise<string> {
      const put = new PutImageCommand({ repositoryName, imageManifest, imageManifestMediaType: indexType, imageTag });
      await client.send(put).catch((error: unknown) => {
        if (!(error instanceof ImageAlreadyExistsException)) throw error;
      });
      return digestOf(Buffer.from(imageManifest));
    },

    /** The images of an index, one for each of the platforms; undefined if it is no such index. */
    async imagesOf(
      repository: string,
      imageDigest: string,
      platforms: readonly Platform[],
    ): Promise<PlatformImage[] | undefined> {
      const found = await read(repository, { imageDigest }, [indexType]);
      return found && imagesOf(found.manifest, platforms);
    },
  };
}

export type ImageIndexes = ReturnType<typeof createImageIndexes>;

export const openImageIndexes = once(() => createImageIndexes(ecrClient()));
