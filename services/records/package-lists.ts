import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import { type PackageList, packageListLimits, packageListSchema } from '../../core/model/package-list.ts';
import { once } from '../../core/once.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

/** A list of this age is written again, so that the bucket's expiry never deletes the list of an image that is still released. */
const freshMilliseconds = 7 * 24 * 3_600_000;

/** The packages that builders found installed in images. */
export function createPackageLists({ client, bucket }: RecordsBucket) {
  const objectOf = (build: string) => ({ Bucket: bucket, Key: recordKeys.packages(build) });

  async function find(
    build: string,
  ): Promise<{ text: string; list: PackageList; writtenAt?: Date | undefined } | undefined> {
    const found = await client.send(new GetObjectCommand(objectOf(build))).catch((error: unknown) => {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    });
    if (!found) return undefined;
    if ((found.ContentLength ?? 0) > packageListLimits.bytes) {
      throw new InvalidInputError(`The package list of build ${build} is larger than one can be.`);
    }
    const text = (await found.Body?.transformToString()) ?? '';
    return { text, list: parse(text, build), writtenAt: found.LastModified };
  }

  return {
    /**
     * Undefined for builds from before there were lists.
     * @throws InvalidInputError if the object is not a package list: code that a build runs may have written it
     */
    async read(build: string): Promise<PackageList | undefined> {
      return (await find(build))?.list;
    },

    /** Like `read`, and writes an old list again so that it does not expire: for images that are still released. */
    async of(build: string, now = Date.now()): Promise<PackageList | undefined> {
      const found = await find(build);
      if (found?.writtenAt && now - found.writtenAt.getTime() > freshMilliseconds) {
        const content = { Body: found.text, ContentType: 'application/json' };
        await client.send(new PutObjectCommand({ ...objectOf(build), ...content }));
      }
      return found?.list;
    },
  };
}

function parse(text: string, build: string): PackageList {
  try {
    return packageListSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InvalidInputError(`The package list of build ${build} cannot be read.`, { cause });
  }
}

export type PackageLists = ReturnType<typeof createPackageLists>;

export const openPackageLists = once(() => createPackageLists(openRecordsBucket()));
