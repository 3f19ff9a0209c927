import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { once } from '../../core/once.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

/** What the builder recorded of an image, besides its result. */
const kinds = ['packages', 'scanners', 'cyclonedx', 'spdx'] as const;

/** In bytes: whoever reads a copy has a lower limit of its own. */
const largest = 64 * 1024 * 1024;

/** Copies what was recorded of an image to a build that takes the image over. */
export function createTakenRecords({ client, bucket }: RecordsBucket) {
  async function copy(from: string, to: string): Promise<void> {
    const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: from })).catch((error: unknown) => {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    });
    if (!found?.Body || (found.ContentLength ?? 0) > largest) return;
    const { ContentType, ContentDisposition } = found;
    const Body = await found.Body.transformToByteArray();
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: to, Body, ContentType, ContentDisposition }));
  }

  return {
    async copy(fromBuild: string, toBuild: string, taken: readonly (typeof kinds)[number][] = kinds): Promise<void> {
      for (const kind of taken) await copy(recordKeys[kind](fromBuild), recordKeys[kind](toBuild));
    },
  };
}

export type TakenRecords = ReturnType<typeof createTakenRecords>;

export const openTakenRecords = once(() => createTakenRecords(openRecordsBucket()));
