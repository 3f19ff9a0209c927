import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { once } from '../../core/once.ts';
import type { StatementName } from '../../core/signing/statement.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

/** The signed statements on a build's image, as sigstore bundles. They are attached to the image at its release. */
export function createSignatures({ client, bucket }: RecordsBucket) {
  async function read(build: string, name: StatementName): Promise<Buffer<ArrayBuffer> | undefined> {
    try {
      const Key = recordKeys.signature(build, name);
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  return {
    read,

    /** Keeps a bundle, unless there is one: no two signatures of a key are alike, and an image gets one. */
    async keep(build: string, name: StatementName, bundle: Uint8Array): Promise<void> {
      const Key = recordKeys.signature(build, name);
      const put = new PutObjectCommand({ Bucket: bucket, Key, Body: bundle, IfNoneMatch: '*' });
      await client.send(put).catch((error: unknown) => {
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        if (error instanceof S3ServiceException && error.name === 'PreconditionFailed') return;
        throw error;
      });
    },
  };
}

export type Signatures = ReturnType<typeof createSignatures>;

export const openSignatures = once(() => createSignatures(openRecordsBucket()));
