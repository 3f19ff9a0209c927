import * as z from 'zod';
import { imageDigestSchema } from '../model/image-reference.ts';

const detailSchema = z.object({
  'repository-name': z.string(),
  'image-digest': imageDigestSchema,
  'image-tags': z.array(z.string()).default([]),
});

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html */
const imageScanSchema = z.object({
  'detail-type': z.enum(['ECR Image Scan', 'Inspector2 Scan']),
  detail: detailSchema,
});

/** https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html */
const findingSchema = z.object({
  'detail-type': z.literal('Inspector2 Finding'),
  detail: z.object({
    resources: z.array(
      z.object({
        details: z
          .object({
            awsEcrContainerImage: z.object({ repositoryName: z.string(), imageHash: imageDigestSchema }).optional(),
          })
          .optional(),
      }),
    ),
  }),
});

export interface ScannedImage {
  repository: string;
  digest: string;
}

/**
 * The images that an event of ECR or Inspector is about. An event of another form counts as about none: an error would make EventBridge send
 * it again and again, and the next rescan finds the changes anyway.
 */
export function scannedImagesOf(event: unknown): ScannedImage[] {
  const scan = imageScanSchema.safeParse(event);
  if (scan.success) {
    const { 'repository-name': repository, 'image-digest': digest } = scan.data.detail;
    return [{ repository: nameOf(repository), digest }];
  }
  const finding = findingSchema.safeParse(event);
  return (finding.data?.detail.resources ?? []).flatMap(({ details }) => {
    const image = details?.awsEcrContainerImage;
    return image ? [{ repository: nameOf(image.repositoryName), digest: image.imageHash }] : [];
  });
}

/**
 * The builds whose candidate an event of ECR or Inspector is about: a build pushes its candidate under its own id, and its images for several
 * platforms under names that begin with it (`partTag`).
 */
export function scannedBuildsOf(event: unknown): string[] {
  const tags = imageScanSchema.safeParse(event).data?.detail['image-tags'] ?? [];
  return tags.flatMap((tag) => /^([0-9a-f]{16})(?:-(?:amd64|arm64))?$/.exec(tag)?.[1] ?? []);
}

/** "Inspector2 Scan" has the repository's ARN where the other events have its name. */
function nameOf(repository: string): string {
  return repository.replace(/^arn:[^:]*:ecr:[^:]*:[^:]*:repository\//, '');
}
