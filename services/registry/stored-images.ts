import {
  BatchDeleteImageCommand,
  type ECRClient,
  type ImageDetail,
  paginateDescribeImages,
  RepositoryNotFoundException,
  UpdateImageStorageClassCommand,
} from '@aws-sdk/client-ecr';
import { UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import type { StoredImage } from '../../core/retention/retention-plan.ts';
import { ecrClient } from './ecr-client.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html */
const mostDeleted = 100;

/** What a repository holds. */
interface RepositoryContent {
  images: Omit<StoredImage, 'inUseAt'>[];
  /** By digest: what refers to the image, such as its signature. */
  referrers: Map<string, string[]>;
}

/** The images of release repositories as ECR stores them. */
export function createStoredImages(client: ECRClient) {
  return {
    /** Undefined if there is no such repository. */
    async list(repository: string): Promise<RepositoryContent | undefined> {
      const details: ImageDetail[] = [];
      try {
        for await (const { imageDetails = [] } of paginateDescribeImages({ client }, { repositoryName: repository })) {
          details.push(...imageDetails);
        }
      } catch (error) {
        if (error instanceof RepositoryNotFoundException) return undefined;
        throw error;
      }
      const referring = details.flatMap(({ imageDigest: digest, subjectManifestDigest: subject }) =>
        digest !== undefined && subject !== undefined ? [{ digest, subject }] : [],
      );
      const referrers = new Map(
        [...Map.groupBy(referring, ({ subject }) => subject)].map(([subject, all]) => [
          subject,
          all.map(({ digest }) => digest),
        ]),
      );
      return { images: details.flatMap(imageOf), referrers };
    },

    /**
     * Moves an image to the archive, where it is not listed and not pulled.
     * https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
     */
    async archive(repository: string, digest: string): Promise<void> {
      const imageId = { imageDigest: digest };
      await client.send(
        new UpdateImageStorageClassCommand({ repositoryName: repository, imageId, targetStorageClass: 'ARCHIVE' }),
      );
    },

    /**
     * Deletes an image, and what refers to it.
     * @throws UpstreamError if the registry keeps one of them for another reason than that it is gone already
     */
    async remove(repository: string, digests: readonly string[]): Promise<void> {
      for (let at = 0; at < digests.length; at += mostDeleted) {
        const imageIds = digests.slice(at, at + mostDeleted).map((imageDigest) => ({ imageDigest }));
        const { failures = [] } = await client.send(
          new BatchDeleteImageCommand({ repositoryName: repository, imageIds }),
        );
        const kept = failures.find(({ failureCode }) => failureCode !== 'ImageNotFound');
        if (kept) {
          throw new UpstreamError(
            `ECR did not delete ${repository}@${kept.imageId?.imageDigest}: ${kept.failureReason ?? kept.failureCode}.`,
          );
        }
      }
    },
  };
}

function imageOf({
  imageDigest,
  imageTags = [],
  imageSizeInBytes = 0,
  lastRecordedPullTime,
}: ImageDetail): RepositoryContent['images'] {
  if (imageDigest === undefined) return [];
  const pulledAt = lastRecordedPullTime?.toISOString();
  return [{ digest: imageDigest, tags: imageTags, bytes: imageSizeInBytes, pulledAt }];
}

export type StoredImages = ReturnType<typeof createStoredImages>;

export const openStoredImages = once(() => createStoredImages(ecrClient()));
