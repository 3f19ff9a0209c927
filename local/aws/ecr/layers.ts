import { z } from 'zod';
import { isDigest } from '../../registry/digest.ts';
import type { RegistryContext } from '../../registry/exchange.ts';
import { RegistryError } from '../../registry/registry-error.ts';
import { AwsError, operation } from '../service.ts';
import { findRepository, permissionsFor } from './context.ts';
import { invalidParameter, layersNotFound } from './errors.ts';
import { inRepository, layerDigest } from './input.ts';

/** What ECR itself proposes. */
const partSize = 10 * 1024 * 1024;
const maximumPartSize = 20 * 1024 * 1024;

const inUpload = { ...inRepository, uploadId: z.string() };

/** The operations of a push and a pull, for clients that do not speak the registry's protocol. */
export function layerOperations(context: RegistryContext) {
  const { account, registry } = context;
  const { layers, uploads } = registry;

  return {
    BatchCheckLayerAvailability: operation({
      input: z.object({ ...inRepository, layerDigests: z.array(z.string().max(1000)).min(1).max(100) }),
      permissions: permissionsFor(context, 'BatchCheckLayerAvailability'),
      handle(input) {
        const { name } = findRepository(context, input);
        const valid = input.layerDigests.filter(isDigest);
        return {
          layers: valid.map((digest) => {
            const layer = layers.find(name, digest);
            if (layer === undefined) return { layerDigest: digest, layerAvailability: 'UNAVAILABLE' };
            layers.touch(name, digest);
            return { layerDigest: digest, layerAvailability: 'AVAILABLE', layerSize: layer.size };
          }),
          failures: input.layerDigests
            .filter((digest) => !isDigest(digest))
            .map((digest) => ({
              layerDigest: digest,
              failureCode: digest === '' ? 'MissingLayerDigest' : 'InvalidLayerDigest',
              failureReason: `Invalid layer digest: '${digest}'`,
            })),
        };
      },
    }),

    GetDownloadUrlForLayer: operation({
      input: z.object({ ...inRepository, layerDigest }),
      permissions: permissionsFor(context, 'GetDownloadUrlForLayer'),
      handle(input) {
        const { name } = findRepository(context, input);
        const digest = input.layerDigest;
        if (layers.find(name, digest) === undefined) throw layersNotFound(digest, name, account.id);
        return { layerDigest: digest, downloadUrl: `${account.url}/v2/${name}/blobs/${digest}` };
      },
    }),

    InitiateLayerUpload: operation({
      input: z.object(inRepository),
      permissions: permissionsFor(context, 'InitiateLayerUpload'),
      async handle(input) {
        const { name } = findRepository(context, input);
        return { uploadId: await uploads.begin(name), partSize };
      },
    }),

    UploadLayerPart: operation({
      input: z.object({
        ...inUpload,
        partFirstByte: z.int().nonnegative(),
        partLastByte: z.int().nonnegative(),
        layerPartBlob: z.base64(),
      }),
      permissions: permissionsFor(context, 'UploadLayerPart'),
      async handle({ uploadId, partFirstByte, partLastByte, layerPartBlob, ...input }) {
        const { name } = findRepository(context, input);
        const part = Buffer.from(layerPartBlob, 'base64');
        if (part.length > maximumPartSize) throw invalidParameter('layerPartBlob', 'must not be larger than 20971520');
        const check = (size: number) => {
          if (partFirstByte === size && partLastByte - partFirstByte + 1 === part.length) return;
          throw new AwsError(
            'InvalidLayerPartException',
            'The layer part size is not valid, or the first byte specified is not consecutive to the last byte of a previous layer part upload.',
            400,
            { registryId: account.id, repositoryName: name, uploadId, lastValidByteReceived: size - 1 },
          );
        };
        const size = await refusingUpload(uploadId, name, () => uploads.append(name, uploadId, chunks(part), check));
        return { registryId: account.id, repositoryName: name, uploadId, lastByteReceived: size - 1 };
      },
    }),

    CompleteLayerUpload: operation({
      input: z.object({ ...inUpload, layerDigests: z.array(layerDigest).min(1).max(100) }),
      permissions: permissionsFor(context, 'CompleteLayerUpload'),
      async handle({ uploadId, layerDigests, ...input }) {
        const { name } = findRepository(context, input);
        const [digest = ''] = layerDigests;
        if (!isDigest(digest)) throw invalidParameter('layerDigests', 'must be a digest');
        const size = await refusingUpload(uploadId, name, () => uploads.size(name, uploadId));
        if (size === 0) {
          throw new AwsError('EmptyUploadException', 'The specified layer upload does not contain any layer parts.');
        }
        if (layers.find(name, digest) !== undefined) {
          throw new AwsError(
            'LayerAlreadyExistsException',
            `Layer with digest '${digest}' already exists in the repository with name '${name}' in registry with id '${account.id}'`,
          );
        }
        await refusingUpload(uploadId, name, () => uploads.complete(name, uploadId, digest));
        return { registryId: account.id, repositoryName: name, uploadId, layerDigest: digest };
      },
    }),
  };

  async function refusingUpload<Result>(uploadId: string, name: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      if (error.code === 'DIGEST_INVALID') throw new AwsError('InvalidLayerException', error.message);
      if (error.code !== 'BLOB_UPLOAD_UNKNOWN') throw new AwsError('ServerException', error.message, 500);
      throw new AwsError(
        'UploadNotFoundException',
        `The upload '${uploadId}' could not be found in the repository with name '${name}' in registry with id '${account.id}'`,
      );
    }
  }
}

async function* chunks(part: Buffer): AsyncGenerator<Buffer> {
  yield part;
}
