import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { recordKeys } from '../core/build-request.ts';
import { InvalidInputError } from '../core/errors.ts';
import { type PackageList, packageListLimits, packageListSchema } from '../core/package-list.ts';

/** A list that is this old is written again, so that the bucket's expiry never takes that of an image which is released still. */
const freshMilliseconds = 7 * 24 * 3_600_000;

/** What builders have found installed in images. */
export function createPackageLists(client: S3Client, bucket: string) {
  return {
    /**
     * Undefined for builds from before there were lists.
     * @throws InvalidInputError where the object is no such list: what a build runs may have written it
     */
    async of(build: string, now = Date.now()): Promise<PackageList | undefined> {
      const place = { Bucket: bucket, Key: recordKeys.packages(build) };
      const found = await client.send(new GetObjectCommand(place)).catch((error: unknown) => {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      });
      if (!found) return undefined;
      if ((found.ContentLength ?? 0) > packageListLimits.bytes) {
        throw new InvalidInputError(`The package list of build ${build} is larger than one can be.`);
      }
      const text = (await found.Body?.transformToString()) ?? '';
      const list = parse(text, build);
      if (found.LastModified && now - found.LastModified.getTime() > freshMilliseconds) {
        await client.send(new PutObjectCommand({ ...place, Body: text, ContentType: 'application/json' }));
      }
      return list;
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
