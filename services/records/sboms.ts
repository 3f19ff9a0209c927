import { GetObjectCommand, HeadObjectCommand, NotFound } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { recordKeys, type SbomFormat } from '../../core/model/builder-contract.ts';
import { once } from '../../core/once.ts';
import { largestSbom } from '../../core/sbom/sbom.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

/** How long an address is valid: as long as a download may take to begin. */
const addressSeconds = 300;

/** The SBOMs in the records bucket. */
export function createSboms({ client, bucket }: RecordsBucket) {
  /** In bytes. */
  async function sizeOf(Key: string): Promise<number | undefined> {
    try {
      const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
      return ContentLength;
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  return {
    /** The SBOM as stored; undefined if the build has none, or only one that is too large. */
    async read(build: string, format: SbomFormat): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const Key = recordKeys[format](build);
      const size = await sizeOf(Key);
      // Code that a build runs may have written it: one that is too large for the scanner to have stored it is ignored.
      if (size === undefined || size > largestSbom) return undefined;
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },

    /**
     * An address from which anyone can download it for some minutes; undefined if the build has none. An SBOM may be larger than a
     * function's response (6 MB, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), so S3 serves it.
     */
    async address(build: string, format: SbomFormat): Promise<string | undefined> {
      const key = recordKeys[format](build);
      if ((await sizeOf(key)) === undefined) return undefined;
      return getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: addressSeconds });
    },
  };
}

export type Sboms = ReturnType<typeof createSboms>;

export const openSboms = once(() => createSboms(openRecordsBucket()));
