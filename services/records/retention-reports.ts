import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { once } from '../../core/once.ts';
import { type RetentionReport, retentionReportSchema } from '../../core/retention/retention-plan.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

/** What was decided last about the images of each release repository, named without the prefix of all repositories. */
export function createRetentionReports({ client, bucket }: RecordsBucket) {
  const objectOf = (path: string) => ({ Bucket: bucket, Key: recordKeys.retention(path) });

  return {
    async put(path: string, report: RetentionReport): Promise<void> {
      const Body = JSON.stringify(retentionReportSchema.parse(report));
      await client.send(new PutObjectCommand({ ...objectOf(path), Body, ContentType: 'application/json' }));
    },

    /** Undefined until the first run. */
    async get(path: string): Promise<RetentionReport | undefined> {
      try {
        const { Body } = await client.send(new GetObjectCommand(objectOf(path)));
        return retentionReportSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''));
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
  };
}

export type RetentionReports = ReturnType<typeof createRetentionReports>;

export const openRetentionReports = once(() => createRetentionReports(openRecordsBucket()));
