import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { once } from '../../core/once.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

/** Identifies the version of a file that was read: its hash if the repository states it, otherwise HTTP's validators. */
const validatorSchema = z.object({
  hash: z.string().optional(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
});
const entrySchema = z.object({
  version: z.literal(1),
  url: z.string(),
  validator: validatorSchema,
  versions: z.array(z.tuple([z.string(), z.string()])),
});

export type Validator = z.infer<typeof validatorSchema>;

export interface CachedVersions {
  validator: Validator;
  versions: ReadonlyMap<string, string>;
}

const packed = promisify(gzip);
const unpacked = promisify(gunzip);
const mostBytes = 256 * 1024 * 1024;

/** Keeps the versions read from a repository's file for the next run, in the records bucket. */
export function createRepositoryCache({ client, bucket }: RecordsBucket) {
  const objectOf = (url: string) => ({
    Bucket: bucket,
    Key: recordKeys.repository(createHash('sha256').update(url).digest('hex')),
  });
  return {
    async get(url: string): Promise<CachedVersions | undefined> {
      try {
        const { Body } = await client.send(new GetObjectCommand(objectOf(url)));
        const text = await unpacked((await Body?.transformToByteArray()) ?? '', { maxOutputLength: mostBytes });
        // An entry that another version of Slipway wrote in another form is ignored: the repository is read again.
        const { data } = entrySchema.safeParse(JSON.parse(text.toString()));
        return data && { validator: data.validator, versions: new Map(data.versions) };
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },

    async put(url: string, { validator, versions }: CachedVersions): Promise<void> {
      const entry: z.infer<typeof entrySchema> = { version: 1, url, validator, versions: [...versions] };
      await client.send(new PutObjectCommand({ ...objectOf(url), Body: await packed(JSON.stringify(entry)) }));
    },
  };
}

export type RepositoryCache = ReturnType<typeof createRepositoryCache>;

export const openRepositoryCache = once(() => createRepositoryCache(openRecordsBucket()));
