import { z } from 'zod';
import { digestOf, isDigest } from '../../registry/digest.ts';
import type { RegistryContext } from '../../registry/exchange.ts';
import type { StoredImage } from '../../registry/images.ts';
import { isTag } from '../../registry/names.ts';
import { PushRefusedError, pushImage } from '../../registry/push-image.ts';
import { RegistryError } from '../../registry/registry-error.ts';
import { AwsError, operation } from '../service.ts';
import { findImage, findRepository, permissionsFor } from './context.ts';
import { type ImageId, invalidParameter, pushRefused } from './errors.ts';
import { imageIds, inRepository, pageOf, paging, seconds } from './input.ts';

const filter = z
  .object({
    tagStatus: z.enum(['TAGGED', 'UNTAGGED', 'ANY']).default('ANY'),
    imageStatus: z.enum(['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY']).default('ACTIVE'),
  })
  .default({ tagStatus: 'ANY', imageStatus: 'ACTIVE' });

interface Failure {
  imageId: ImageId;
  failureCode: string;
  failureReason: string;
}

/** The operations on images. */
export function imageOperations(context: RegistryContext) {
  const { account, registry } = context;
  const { images } = registry;

  /** The image that an id names, or why there is none, as the batch calls say it. */
  const resolve = (repository: string, id: ImageId): StoredImage | Failure => {
    const { imageDigest, imageTag } = id;
    const failure = (failureCode: string, failureReason: string): Failure => ({
      imageId: id,
      failureCode,
      failureReason,
    });
    if (imageDigest === undefined && imageTag === undefined) {
      return failure('MissingDigestAndTag', 'Invalid request parameters: both tag and digest cannot be null');
    }
    if (imageDigest !== undefined && !isDigest(imageDigest)) {
      return failure(
        'InvalidImageDigest',
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
      );
    }
    const image =
      imageTag === undefined ? images.byDigest(repository, imageDigest ?? '') : images.byTag(repository, imageTag);
    if (image === undefined) return failure('ImageNotFound', 'Requested image not found');
    if (imageDigest !== undefined && imageDigest !== image.digest) {
      return failure('ImageTagDoesNotMatchDigest', 'Requested image tag does not match the image digest');
    }
    return image;
  };

  const resolveAll = (repository: string, ids: ImageId[]) => {
    const results = ids.map((id) => ({ id, result: resolve(repository, id) }));
    return {
      found: results.flatMap(({ id, result }) => ('failureCode' in result ? [] : [{ id, image: result }])),
      failures: results.flatMap(({ result }) => ('failureCode' in result ? [result] : [])),
    };
  };

  return {
    DescribeImages: operation({
      input: z.object({ ...inRepository, ...paging, imageIds: imageIds.optional(), filter }),
      permissions: permissionsFor(context, 'DescribeImages'),
      handle(input) {
        const { name } = findRepository(context, input);
        if (input.imageIds !== undefined) {
          const named = new Map(
            input.imageIds.map((id) => findImage(context, name, id)).map((image) => [image.digest, image]),
          );
          return { imageDetails: [...named.values()].map((image) => detailOf(context, image)) };
        }
        const summaries = images
          .digests(name)
          .filter(({ digest, tagged }) => isWanted(input.filter, tagged, images.isArchived(name, digest)));
        const { items, ...next } = pageOf(summaries, ({ digest }) => digest, input);
        return {
          imageDetails: items.map(({ digest }) => detailOf(context, findImage(context, name, { imageDigest: digest }))),
          ...next,
        };
      },
    }),

    ListImages: operation({
      input: z.object({ ...inRepository, ...paging, filter }),
      permissions: permissionsFor(context, 'ListImages'),
      handle(input) {
        const { name } = findRepository(context, input);
        const ids = images
          .ids(name)
          .filter(({ imageDigest, imageTag }) =>
            isWanted(input.filter, imageTag !== undefined, images.isArchived(name, imageDigest)),
          );
        const { items, ...next } = pageOf(ids, ({ imageDigest, imageTag = '' }) => `${imageDigest} ${imageTag}`, input);
        return { imageIds: items, ...next };
      },
    }),

    BatchGetImage: operation({
      input: z.object({
        ...inRepository,
        imageIds,
        acceptedMediaTypes: z.array(z.string()).min(1).max(100).optional(),
      }),
      permissions: permissionsFor(context, 'BatchGetImage'),
      handle(input) {
        const { name } = findRepository(context, input);
        const { found, failures } = resolveAll(name, input.imageIds);
        const accepts = (image: StoredImage) =>
          !images.isArchived(name, image.digest) && (input.acceptedMediaTypes?.includes(image.mediaType) ?? true);
        const refused = found
          .filter(({ image }) => !accepts(image))
          .map(
            ({ id }): Failure => ({
              imageId: id,
              failureCode: 'ImageNotFound',
              failureReason: 'Requested image not found',
            }),
          );
        const accepted = found.filter(({ image }) => accepts(image));
        for (const { image } of accepted) images.recordPull(name, image.digest);
        return {
          images: accepted.map(({ id, image }) => shown(account.id, image, id.imageTag)),
          failures: [...failures, ...refused],
        };
      },
    }),

    PutImage: operation({
      input: z.object({
        ...inRepository,
        imageManifest: z.string().min(1).max(4194304),
        imageManifestMediaType: z.string().optional(),
        imageTag: z.string().min(1).max(300).optional(),
        imageDigest: z.string().optional(),
      }),
      permissions: permissionsFor(context, 'PutImage'),
      handle(input) {
        const repository = findRepository(context, input);
        const { imageTag, imageDigest } = input;
        if (imageTag !== undefined && !isTag(imageTag)) {
          throw invalidParameter('imageTag', "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9-_.]{0,127}'");
        }
        const manifest = Buffer.from(input.imageManifest);
        const tags = imageTag === undefined ? [] : [imageTag];
        const before = imageTag === undefined ? undefined : images.byTag(repository.name, imageTag);
        const wasThere = images.byDigest(repository.name, digestOf(manifest)) !== undefined;
        try {
          const pushed = pushImage(registry, account.id, repository, {
            manifest,
            mediaType: input.imageManifestMediaType,
            digest: imageDigest,
            tags,
          });
          const isThere = imageTag === undefined ? wasThere : before?.digest === pushed.digest;
          if (isThere) {
            throw new AwsError(
              'ImageAlreadyExistsException',
              `Image with digest '${pushed.digest}' and tag '${imageTag ?? 'null'}' already exists in the repository with name '${repository.name}' in registry with id '${account.id}'`,
            );
          }
          context.pushed(repository.name, pushed, tags);
          return {
            image: shown(account.id, findImage(context, repository.name, { imageDigest: pushed.digest }), imageTag),
          };
        } catch (error) {
          if (error instanceof PushRefusedError) throw pushRefused(error);
          if (error instanceof RegistryError) throw invalidParameter('ImageManifest', error.message);
          throw error;
        }
      },
    }),

    BatchDeleteImage: operation({
      input: z.object({ ...inRepository, imageIds }),
      permissions: permissionsFor(context, 'BatchDeleteImage'),
      handle(input) {
        const { name } = findRepository(context, input);
        const { found, failures } = resolveAll(name, input.imageIds);
        const deleted: ImageId[] = [];
        for (const { id, image } of found) {
          const tags = images.tagsOf(name, image.digest);
          const [parent] = images.parents(name, image.digest);
          // An image without tags is deleted with its last one. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
          const isWhole = id.imageTag === undefined || (tags.length === 1 && parent === undefined);
          if (isWhole && parent !== undefined) {
            failures.push({
              imageId: id,
              failureCode: 'ImageReferencedByManifestList',
              failureReason: `Requested image referenced by manifest list: [${parent}]`,
            });
            continue;
          }
          const gone = id.imageTag === undefined ? tags : [id.imageTag];
          if (isWhole) images.remove(name, image.digest);
          else for (const tag of gone) images.removeTag(name, tag);
          context.deleted(name, image.digest, gone);
          if (gone.length === 0) deleted.push({ imageDigest: image.digest });
          for (const imageTag of gone) deleted.push({ imageDigest: image.digest, imageTag });
        }
        return { imageIds: deleted, failures };
      },
    }),

    /** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html */
    UpdateImageStorageClass: operation({
      input: z.object({
        ...inRepository,
        imageId: z.object({ imageDigest: z.string().optional(), imageTag: z.string().optional() }),
        targetStorageClass: z.enum(['STANDARD', 'ARCHIVE']),
      }),
      permissions: permissionsFor(context, 'UpdateImageStorageClass'),
      handle(input) {
        const { name } = findRepository(context, input);
        const { digest } = findImage(context, name, input.imageId);
        const isArchived = input.targetStorageClass === 'ARCHIVE';
        images.setArchived(name, digest, isArchived);
        return {
          registryId: account.id,
          repositoryName: name,
          imageId: { imageDigest: digest },
          imageStatus: isArchived ? 'ARCHIVED' : 'ACTIVE',
        };
      },
    }),

    ListImageReferrers: operation({
      input: z.object({
        ...inRepository,
        subjectId: z.object({ imageDigest: z.string() }),
        filter: z.object({ artifactTypes: z.array(z.string()).max(5).optional() }).optional(),
        nextToken: paging.nextToken,
        maxResults: z.int().min(1).max(50).optional(),
      }),
      permissions: permissionsFor(context, 'BatchGetImage'),
      handle(input) {
        const { name } = findRepository(context, input);
        const wanted = input.filter?.artifactTypes ?? [];
        const all = images
          .referrers(name, input.subjectId.imageDigest, undefined, '', -1)
          .filter(({ artifactType = '' }) => wanted.length === 0 || wanted.includes(artifactType));
        const { maxResults = 50 } = input;
        const { items, ...next } = pageOf(all, ({ digest }) => digest, { ...input, maxResults });
        return { referrers: items.map(referrerOf), ...next };
      },
    }),
  };
}

function isWanted({ tagStatus, imageStatus }: z.infer<typeof filter>, isTagged: boolean, isArchived: boolean): boolean {
  const hasStatus = imageStatus === 'ANY' || imageStatus === (isArchived ? 'ARCHIVED' : 'ACTIVE');
  return hasStatus && (tagStatus === 'ANY' || (tagStatus === 'TAGGED') === isTagged);
}

function shown(registryId: string, image: StoredImage, imageTag: string | undefined) {
  return {
    registryId,
    repositoryName: image.repository,
    imageId: { imageDigest: image.digest, imageTag },
    imageManifest: image.manifest.toString('utf8'),
    imageManifestMediaType: image.mediaType,
  };
}

/** Basic scans do not show here. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html */
function detailOf({ account, registry }: RegistryContext, image: StoredImage) {
  const tags = registry.images.tagsOf(image.repository, image.digest);
  return {
    registryId: account.id,
    repositoryName: image.repository,
    imageDigest: image.digest,
    imageTags: tags.length > 0 ? tags : undefined,
    imageSizeInBytes: image.size,
    imagePushedAt: seconds(image.pushedAt),
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.artifactType,
    subjectManifestDigest: image.subject,
    lastRecordedPullTime: image.pulledAt === undefined ? undefined : seconds(image.pulledAt),
    imageStatus: registry.images.isArchived(image.repository, image.digest) ? 'ARCHIVED' : 'ACTIVE',
  };
}

function referrerOf({ digest, mediaType, artifactType, annotations, manifest }: StoredImage) {
  return {
    digest,
    mediaType,
    size: manifest.length,
    artifactStatus: 'ACTIVE',
    artifactType,
    annotations,
  };
}
