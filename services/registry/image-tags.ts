import {
  DescribeImagesCommand,
  type ECRClient,
  ImageNotFoundException,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import { once } from '../../core/once.ts';
import { ecrClient } from './ecr-client.ts';

/** The tags that the registry has at this moment. */
export function createImageTags(client: ECRClient) {
  async function describe(repository: string, imageId: { imageDigest: string } | { imageTag: string }) {
    try {
      const { imageDetails } = await client.send(
        new DescribeImagesCommand({ repositoryName: repository, imageIds: [imageId] }),
      );
      return imageDetails?.[0];
    } catch (error) {
      if (error instanceof ImageNotFoundException || error instanceof RepositoryNotFoundException) return undefined;
      throw error;
    }
  }

  return {
    /** The tags that name an image; undefined if there is no such image. */
    async of({ repository, digest }: { repository: string; digest: string }): Promise<string[] | undefined> {
      const image = await describe(repository, { imageDigest: digest });
      return image && (image.imageTags ?? []);
    },

    /** Whether a tag names any image. */
    isThere: async (repository: string, tag: string): Promise<boolean> =>
      (await describe(repository, { imageTag: tag })) !== undefined,
  };
}

export type ImageTags = ReturnType<typeof createImageTags>;

export const openImageTags = once(() => createImageTags(ecrClient()));
