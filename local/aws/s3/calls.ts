import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Authority, AwsError, type Caller, type Permission } from '../service.ts';
import { receiveBody } from './body.ts';
import { bucketArn } from './bucket.ts';
import type { ObjectStore, StoredObject } from './objects.ts';
import { rangeOf } from './range.ts';
import { xmlDocument } from './xml.ts';

/** What a request is about. */
export interface Target {
  method: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
}

/** One call of S3, for a bucket that is there. */
export interface S3Call {
  permission(target: Target): Permission;
  answer(target: Target, request: IncomingMessage, response: ServerResponse, caller: Caller): void | Promise<void>;
}

const keptHeaders =
  /^(?:content-type|cache-control|content-disposition|content-encoding|content-language|expires|x-amz-meta-.+)$/;

/** The calls that the product makes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html */
export function createS3Calls(iam: Authority, objects: ObjectStore): Record<string, S3Call> {
  function mayList(caller: Caller, bucket: string): boolean {
    try {
      iam.authorize(caller, [{ action: 's3:ListBucket', resource: bucketArn(bucket) }]);
      return true;
    } catch (error) {
      if (error instanceof AwsError) return false;
      throw error;
    }
  }

  /** A caller who may not list a bucket does not learn what is missing in it. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
  function noSuchKey(caller: Caller, { bucket, key }: Target): AwsError {
    return mayList(caller, bucket)
      ? new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key })
      : new AwsError('AccessDenied', 'Access Denied', 403);
  }

  return {
    PutObject: {
      permission: onObject('s3:PutObject'),
      async answer({ bucket, key }, request, response) {
        const received = await receiveBody(request, objects.newFile());
        const headers = keptOf(request);
        const { file, size, md5: etag, checksum } = received;
        await objects.put({ bucket, key, file, size, etag, headers, checksum }, (present) => {
          if (request.headers['if-none-match'] === '*' && present) throw preconditionFailed('If-None-Match');
          const wanted = request.headers['if-match'];
          if (wanted !== undefined && unquoted(wanted) !== present?.etag) throw preconditionFailed('If-Match');
        });
        response.writeHead(200, {
          etag: `"${etag}"`,
          'x-amz-server-side-encryption': 'AES256',
          ...(checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value }),
        });
        response.end();
      },
    },

    GetObject: {
      permission: onObject('s3:GetObject'),
      async answer(target, request, response, caller) {
        const opened = await objects.open(target.bucket, target.key);
        if (!opened) throw noSuchKey(caller, target);
        const { object, handle } = opened;
        try {
          if (notModified(request, object)) {
            response.writeHead(304, headersOf(object)).end();
            return;
          }
          const range = rangeOf(request.headers.range, object.size);
          const { start, end } = range ?? { start: 0, end: object.size - 1 };
          response.writeHead(range ? 206 : 200, {
            ...headersOf(object),
            'content-length': end - start + 1,
            ...(range && { 'content-range': `bytes ${start}-${end}/${object.size}` }),
            // The checksum is of the whole object, so it is sent with the whole only.
            ...(!range &&
              object.checksum &&
              request.headers['x-amz-checksum-mode'] === 'ENABLED' && {
                [`x-amz-checksum-${object.checksum.algorithm}`]: object.checksum.value,
                'x-amz-checksum-type': 'FULL_OBJECT',
              }),
          });
          if (object.size === 0) response.end();
          else await pipeline(handle.createReadStream({ start, end, autoClose: false }), response);
        } finally {
          await handle.close();
        }
      },
    },

    HeadObject: {
      permission: onObject('s3:GetObject'),
      answer(target, _request, response, caller) {
        const object = objects.find(target.bucket, target.key);
        if (!object) throw noSuchKey(caller, target);
        response.writeHead(200, { ...headersOf(object), 'content-length': object.size }).end();
      },
    },

    DeleteObject: {
      permission: onObject('s3:DeleteObject'),
      async answer({ bucket, key }, _request, response) {
        await objects.delete(bucket, key);
        response.writeHead(204).end();
      },
    },

    ListObjectsV2: {
      permission: ({ bucket, query }) => ({
        action: 's3:ListBucket',
        resource: bucketArn(bucket),
        context: { 's3:prefix': query.get('prefix') ?? '', 's3:delimiter': query.get('delimiter') ?? '' },
      }),
      answer({ bucket, query }, _request, response) {
        const prefix = query.get('prefix') ?? '';
        const delimiter = query.get('delimiter') ?? '';
        const token = query.get('continuation-token');
        const limit = Math.min(wholeNumber(query.get('max-keys') ?? '1000', 'max-keys'), 1000);
        const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
        const { objects: found, prefixes, next } = objects.list(bucket, { prefix, delimiter, after, limit });
        const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text;
        const document = xmlDocument('ListBucketResult', {
          Name: bucket,
          Prefix: encode(prefix),
          Delimiter: delimiter === '' ? undefined : encode(delimiter),
          MaxKeys: limit,
          EncodingType: query.get('encoding-type') ?? undefined,
          KeyCount: found.length + prefixes.length,
          IsTruncated: next !== undefined,
          ContinuationToken: token ?? undefined,
          NextContinuationToken: next === undefined ? undefined : Buffer.from(next).toString('base64url'),
          StartAfter: query.get('start-after') ?? undefined,
          Contents: found.map(({ key, modified, etag, size }) => ({
            Key: encode(key),
            LastModified: new Date(modified),
            ETag: `"${etag}"`,
            Size: size,
            StorageClass: 'STANDARD',
          })),
          CommonPrefixes: prefixes.map((common) => ({ Prefix: encode(common) })),
        });
        response.writeHead(200, { 'content-type': 'application/xml' }).end(document);
      },
    },
  };
}

function onObject(action: string) {
  return ({ bucket, key }: Target): Permission => ({ action, resource: `${bucketArn(bucket)}/${key}` });
}

function headersOf({ etag, modified, headers }: StoredObject): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...headers,
    etag: `"${etag}"`,
    'last-modified': new Date(modified).toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-server-side-encryption': 'AES256',
  };
}

/** The headers that stay with an object. How the content came, in chunks, is none of them. */
function keptOf({ headers }: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const own = name === 'content-encoding' ? value?.toString().replace(/,?\s*aws-chunked,?/, '') : value;
    if (keptHeaders.test(name) && typeof own === 'string' && own !== '') kept[name] = own;
  }
  return kept;
}

function notModified(request: IncomingMessage, { etag }: StoredObject): boolean {
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && wanted !== '*' && unquoted(wanted) !== etag) throw preconditionFailed('If-Match');
  const known = request.headers['if-none-match'];
  return known !== undefined && (known === '*' || unquoted(known) === etag);
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, '$1');
}

function preconditionFailed(condition: string): AwsError {
  return new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    Condition: condition,
  });
}

function wholeNumber(text: string, name: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new AwsError('InvalidArgument', `Provided ${name} not an integer or within integer range`);
}
