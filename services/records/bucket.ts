import { S3Client } from '@aws-sdk/client-s3';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';

export interface RecordsBucket {
  client: S3Client;
  bucket: string;
}

export const openRecordsBucket = once(
  (): RecordsBucket => ({ client: new S3Client({}), bucket: variable('RECORDS_BUCKET') }),
);
