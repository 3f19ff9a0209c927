import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Case, Side } from './side.ts';

const clients = new Map<Side, S3Client>();

function client(side: Side): S3Client {
  const known = clients.get(side) ?? new S3Client({ ...side.settings, forcePathStyle: true });
  clients.set(side, known);
  return known;
}

const Bucket = 'records';

export async function prepareS3(side: Side): Promise<void> {
  const service = side.host?.services.find(({ signingName }) => signingName === 's3');
  if (service) await side.host?.declare(service, 'AWS::S3::Bucket', 'Records', { BucketName: Bucket });
  else await client(side).send(new CreateBucketCommand({ Bucket }));
}

/** The body as text beside the other members. */
async function read(side: Side, input: Partial<ConstructorParameters<typeof GetObjectCommand>[0]>): Promise<object> {
  const { Body, ...output } = await client(side).send(
    new GetObjectCommand({ Bucket, Key: 'builds/1/log/0 ü.txt', ...input }),
  );
  return { ...output, Body: await Body?.transformToString() };
}
const Key = 'builds/1/log/0 ü.txt';

const encryption = 'S3 says how an object is encrypted and what its checksum covers, moto does not';
const algorithm = 'a listing here leaves out which checksum an object has';

export const s3Cases: Case[] = [
  {
    name: 'PutObject',
    because: encryption,
    call: (side) =>
      client(side).send(
        new PutObjectCommand({ Bucket, Key, Body: 'hello world', ContentType: 'text/plain', Metadata: { a: 'b' } }),
      ),
  },
  { name: 'GetObject', because: encryption, call: (side) => read(side, {}) },
  { name: 'GetObject, a range', because: encryption, call: (side) => read(side, { Range: 'bytes=6-' }) },
  { name: 'GetObject, its last bytes', because: encryption, call: (side) => read(side, { Range: 'bytes=-5' }) },
  { name: 'GetObject, beyond its end', call: (side) => read(side, { Range: 'bytes=100-' }) },
  { name: 'GetObject, none', call: (side) => read(side, { Key: 'none' }) },
  {
    name: 'GetObject, if it has changed',
    call: (side) => read(side, { IfNoneMatch: '"5eb63bbbe01eeed093cb22bb8f5acdc3"' }),
  },
  {
    name: 'GetObject, if it is another',
    call: (side) => read(side, { IfMatch: '"00000000000000000000000000000000"' }),
  },
  { name: 'GetObject from no bucket', call: (side) => read(side, { Bucket: 'no-such-bucket' }) },
  {
    name: 'HeadObject',
    because: encryption,
    call: (side) => client(side).send(new HeadObjectCommand({ Bucket, Key })),
  },
  { name: 'HeadObject, none', call: (side) => client(side).send(new HeadObjectCommand({ Bucket, Key: 'none' })) },
  {
    name: 'PutObject if there is none, and there is',
    call: (side) => client(side).send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' })),
  },
  {
    name: 'PutObject, a second',
    because: encryption,
    call: (side) => client(side).send(new PutObjectCommand({ Bucket, Key: 'builds/2/request.json', Body: '{}' })),
  },
  {
    name: 'PutObject, empty',
    because: encryption,
    call: (side) => client(side).send(new PutObjectCommand({ Bucket, Key: 'empty', Body: '' })),
  },
  {
    name: 'ListObjectsV2',
    because: algorithm,
    call: (side) => client(side).send(new ListObjectsV2Command({ Bucket })),
  },
  {
    name: 'ListObjectsV2, a prefix',
    because: algorithm,
    call: (side) => client(side).send(new ListObjectsV2Command({ Bucket, Prefix: 'builds/1/' })),
  },
  {
    name: 'ListObjectsV2, by folder',
    call: (side) => client(side).send(new ListObjectsV2Command({ Bucket, Prefix: 'builds/', Delimiter: '/' })),
  },
  {
    name: 'ListObjectsV2, after a key',
    because: algorithm,
    call: (side) => client(side).send(new ListObjectsV2Command({ Bucket, StartAfter: 'builds/2' })),
  },
  {
    name: 'ListObjectsV2, the second page',
    because: algorithm,
    async call(side) {
      const { NextContinuationToken } = await client(side).send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }));
      const {
        ContinuationToken: _token,
        NextContinuationToken: _next,
        ...page
      } = await client(side).send(
        new ListObjectsV2Command({ Bucket, MaxKeys: 1, ContinuationToken: NextContinuationToken }),
      );
      return page;
    },
  },
  { name: 'DeleteObject', call: (side) => client(side).send(new DeleteObjectCommand({ Bucket, Key })) },
  { name: 'DeleteObject, again', call: (side) => client(side).send(new DeleteObjectCommand({ Bucket, Key })) },
];
