import { createHash, randomUUID } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type Account, AwsError, type Service } from '../service.ts';
import { type Bucket, bucketResources } from './bucket.ts';
import { createS3Calls, type Target } from './calls.ts';
import { createObjectStore } from './objects.ts';

export interface S3 extends Service {
  /** Puts a file of this machine into a bucket, as the CDK CLI uploads assets. */
  putFile(bucket: string, key: string, path: string): Promise<void>;
}

const dayMilliseconds = 86_400_000;
const expiryInterval = 3_600_000;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const longestKey = 1024;
/** Queries that select calls of their own, none of which the product makes. */
const subresources = [
  'uploads',
  'uploadId',
  'acl',
  'tagging',
  'versions',
  'versioning',
  'policy',
  'lifecycle',
  'delete',
];
/** What a request may say of itself. Any other header changes what the call does: `x-amz-copy-source` makes PutObject a copy. */
const knownHeaders =
  /^x-amz-(?:content-sha256|date|security-token|user-agent|decoded-content-length|trailer|sdk-checksum-algorithm|checksum-[a-z0-9-]+|meta-.+)$/;

/** S3, path style: PutObject, GetObject, HeadObject, DeleteObject and ListObjectsV2 are what the product calls. */
export function createS3(account: Account): S3 {
  const { iam } = account;
  const objects = createObjectStore({ folder: join(account.dataFolder, 's3'), database: account.database });
  const buckets = new Map<string, Bucket>();
  let expiring: NodeJS.Timeout | undefined;

  const calls = createS3Calls(iam, objects);

  function callFor({ method, bucket, key, query }: Target): string {
    const known = bucket !== '' && !subresources.some((name) => query.has(name));
    const name = key === '' ? (method === 'GET' ? 'ListObjectsV2' : '') : objectCalls[method];
    if (known && name) return name;
    const path = bucket === '' ? '/' : key === '' ? '/<bucket>' : '/<bucket>/<key>';
    const names = [...query.keys()].join('&');
    throw notImplemented(`${method} ${path}${names && `?${names}`}`);
  }

  function notImplemented(what: string): AwsError {
    const message = `One machine has no s3:${what}.`;
    account.log('aws', message);
    return new AwsError('NotImplemented', message, 501);
  }

  return {
    signingName: 's3',

    async serve(request, response, caller) {
      const target = targetOf(request);
      const name = callFor(target);
      const call = calls[name];
      const header = Object.keys(request.headers).find((each) => each.startsWith('x-amz-') && !knownHeaders.test(each));
      if (header) throw notImplemented(`${name} with the header ${header}`);
      if (!buckets.has(target.bucket)) {
        throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: target.bucket });
      }
      if (Buffer.byteLength(target.key) > longestKey) {
        throw new AwsError('KeyTooLongError', 'Your key is too long', 400, { MaxSizeAllowed: longestKey });
      }
      if (!call)
        throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
      iam.authorize(caller, [call.permission(target)]);
      response.setHeader('x-amz-request-id', randomUUID());
      await call.answer(target, request, response, caller);
    },

    resources: bucketResources(account, (bucket) => buckets.set(bucket.name, bucket)),

    async putFile(bucket, key, path) {
      if (!buckets.has(bucket)) buckets.set(bucket, { name: bucket, expirations: [] });
      const file = objects.newFile();
      await copyFile(path, file);
      const content = await readFile(file);
      const etag = createHash('md5').update(content).digest('hex');
      await objects.put({ bucket, key, file, size: content.length, etag, headers: {}, checksum: undefined });
    },

    start() {
      const expire = async (): Promise<void> => {
        for (const { name, expirations } of buckets.values()) {
          for (const { prefix, days } of expirations) {
            const old = objects.olderThan(name, prefix, Date.now() - days * dayMilliseconds);
            for (const { key } of old) await objects.delete(name, key);
          }
        }
      };
      const run = () => void expire().catch((error: Error) => account.log('s3', `expiring objects: ${error.message}`));
      run();
      expiring = setInterval(run, expiryInterval);
    },

    stop: () => clearInterval(expiring),
  };
}

const objectCalls: Record<string, string> = {
  PUT: 'PutObject',
  GET: 'GetObject',
  HEAD: 'HeadObject',
  DELETE: 'DeleteObject',
};

/** `/aws/<bucket>/<key>`; a key may have any characters, percent-encoded. */
function targetOf(request: IncomingMessage): Target {
  const [path = '', search = ''] = (request.url ?? '').replace(/^\/aws/, '').split(/\?(.*)/s);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { method: request.method ?? 'GET', bucket, key: decoded(key), query: new URLSearchParams(search) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}
