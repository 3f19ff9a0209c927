import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIam } from '../../../local/aws/iam/iam.ts';
import { createChecksum } from '../../../local/aws/s3/checksum.ts';
import { createS3, type S3 } from '../../../local/aws/s3/s3.ts';
import type { Service } from '../../../local/aws/service.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let iam: Service;
let s3: S3;
let client: S3Client;
const Bucket = 'records';

async function open(dataFolder?: string): Promise<void> {
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    s3 = createS3(account);
    return [iam, s3];
  }, dataFolder);
  client = new S3Client({ ...host.as(host.account.iam.ownerKeys()), forcePathStyle: true });
  await declareBucket();
}
beforeEach(() => open());
afterEach(() => host[Symbol.asyncDispose]());

const declareBucket = (rules: object[] = []) =>
  host.declare(s3, 'AWS::S3::Bucket', 'Records', {
    BucketName: Bucket,
    ...(rules.length > 0 && { LifecycleConfiguration: { Rules: rules } }),
  });
const put = (Key: string, Body: PutObjectCommandInput['Body'] = Key, more: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string, more: object = {}) => {
  const { Body, ...output } = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...output, text: (await Body?.transformToString()) ?? '' };
};
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: Error & { $metadata: { httpStatusCode: number } }) => `${error.$metadata.httpStatusCode} ${error.name}`,
  );
const files = () =>
  readdirSync(join(host.dataFolder, 's3'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length;

describe('an object', () => {
  test('comes back as it was put, whatever its key', async () => {
    for (const key of ['a', 'builds/1/log/000000.txt', 'ü 🎉 +&%=?#.txt', 'a/../b', '//x//', '.', 'x'.repeat(1024)]) {
      await put(key, `content of ${key}`, {
        ContentType: 'text/plain; charset=utf-8',
        Metadata: { build: '1' },
        CacheControl: 'no-store',
      });
      expect(await get(key)).toMatchObject({
        text: `content of ${key}`,
        ContentType: 'text/plain; charset=utf-8',
        Metadata: { build: '1' },
        CacheControl: 'no-store',
      });
    }
    expect(await refusal(put('x'.repeat(1025)))).toBe('400 KeyTooLongError');
  });

  test('that is streamed in chunks arrives whole, its checksum is checked on both ways', async () => {
    const content = randomBytes(600_000);
    for (const ChecksumAlgorithm of ['CRC32', 'SHA256'] as const) {
      const answer = await put('stream', Readable.from(cut(content, 100_000)), {
        ContentLength: content.length,
        ChecksumAlgorithm,
      });
      expect(answer.ETag).toMatch(/^"[0-9a-f]{32}"$/);
      const { Body, ContentEncoding } = await client.send(
        new GetObjectCommand({ Bucket, Key: 'stream', ChecksumMode: 'ENABLED' }),
      );
      expect(Buffer.from((await Body?.transformToByteArray()) ?? [])).toEqual(content);
      expect(ContentEncoding).toBeUndefined();
    }
  });

  test('that does not match its checksum, or ends early, is not there', async () => {
    expect(await refusal(put('bad', 'hello', { ChecksumCRC32: 'AAAAAA==' }))).toBe('400 BadDigest');
    expect(await refusal(put('bad', 'hello', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }))).toBe('400 BadDigest');
    expect(await refusal(get('bad'))).toBe('404 NoSuchKey');
    expect(files()).toBe(0);
  });

  test('can be read in part, and only when it has changed', async () => {
    const { ETag } = await put('log', '0123456789');
    expect(await get('log', { Range: 'bytes=2-4' })).toMatchObject({
      text: '234',
      ContentRange: 'bytes 2-4/10',
      ContentLength: 3,
    });
    expect(await get('log', { Range: 'bytes=7-' })).toMatchObject({ text: '789' });
    expect(await get('log', { Range: 'bytes=-2' })).toMatchObject({ text: '89' });
    expect(await refusal(get('log', { Range: 'bytes=10-' }))).toBe('416 InvalidRange');
    expect(await refusal(get('log', { IfNoneMatch: ETag }))).toMatch(/^304 /);
    expect(await refusal(get('log', { IfMatch: '"00000000000000000000000000000000"' }))).toBe('412 PreconditionFailed');
  });

  test('is made by one of many who all want to be first', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => refusal(put('lock', String(index), { IfNoneMatch: '*' }))),
    );
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    expect(answers.filter((answer) => answer === '412 PreconditionFailed')).toHaveLength(7);
    expect(files()).toBe(1);
  });

  test('that is replaced or deleted leaves nothing on the disk, and deleting none is no error', async () => {
    await put('a', 'one');
    await put('a', 'two');
    expect((await get('a')).text).toBe('two');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    expect(files()).toBe(0);
    expect(await refusal(client.send(new HeadObjectCommand({ Bucket, Key: 'a' })))).toBe('404 NotFound');
  });

  test('outlives a kill; what was half written does not', async () => {
    await put('a', 'one');
    writeFileSync(join(host.dataFolder, 's3', 'incoming', 'half'), 'hal');
    writeFileSync(join(host.dataFolder, 's3', 'objects', 'nobodys'), 'x');
    await host.crash();
    await open(host.dataFolder);
    expect((await get('a')).text).toBe('one');
    expect(files()).toBe(1);
  });
});

describe('a listing', () => {
  const keys = async (more: object) => {
    const {
      Contents = [],
      CommonPrefixes = [],
      IsTruncated,
      NextContinuationToken,
    } = await client.send(new ListObjectsV2Command({ Bucket, ...more }));
    return {
      keys: Contents.map(({ Key }) => Key),
      prefixes: CommonPrefixes.map(({ Prefix }) => Prefix),
      IsTruncated,
      NextContinuationToken,
    };
  };

  test('is sorted, cut by prefix, grouped by delimiter, and goes on where a page ended', async () => {
    for (const key of ['b/2', 'a', 'b/1', 'b/10/x', 'b/10/y', 'ü', 'b', 'c']) await put(key);
    expect((await keys({})).keys).toEqual(['a', 'b', 'b/1', 'b/10/x', 'b/10/y', 'b/2', 'c', 'ü']);
    expect(await keys({ Prefix: 'b/', Delimiter: '/' })).toMatchObject({ keys: ['b/1', 'b/2'], prefixes: ['b/10/'] });
    expect((await keys({ StartAfter: 'b/2' })).keys).toEqual(['c', 'ü']);
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await keys({ Delimiter: '/', MaxKeys: 1, ContinuationToken });
      expect(page.keys.length + page.prefixes.length).toBe(1);
      seen.push(...page.keys, ...page.prefixes);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(seen).toEqual(['a', 'b', 'b/', 'c', 'ü']);
  });
});

describe('a role', () => {
  const as = async (logicalId: string, ...statements: object[]) => {
    const arn = await declareRole(host, iam, logicalId, statements);
    client = new S3Client({ ...host.as(host.account.iam.keysOf(arn)), forcePathStyle: true });
  };

  test('that may not list learns of no key that is missing', async () => {
    const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/builds/*` };
    await as('Reader', read);
    expect(await refusal(get('builds/none'))).toBe('403 AccessDenied');
    expect(await refusal(get('other'))).toBe('403 AccessDenied');
    expect(await refusal(put('builds/1'))).toBe('403 AccessDenied');
    await as('Lister', read, { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${Bucket}` });
    expect(await refusal(get('builds/none'))).toBe('404 NoSuchKey');
  });

  test('that a bucket’s own policy denies stays out', async () => {
    await put('a');
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` };
    await host.declare(s3, 'AWS::S3::BucketPolicy', 'Policy', {
      Bucket,
      PolicyDocument: { Version: '2012-10-17', Statement: [deny] },
    });
    await as('Reader', { Effect: 'Allow', Action: 's3:*', Resource: '*' });
    expect(await refusal(get('a'))).toBe('403 AccessDenied');
  });
});

test.each<[string, () => Promise<unknown>]>([
  ['a copy', () => client.send(new CopyObjectCommand({ Bucket, Key: 'kept', CopySource: `${Bucket}/other` }))],
  ['a tag', () => put('kept', 'new', { Tagging: 'a=b' })],
  ['another storage class', () => put('kept', 'new', { StorageClass: 'GLACIER' })],
])('%s is refused by name, and the object stays what it was', async (_, call) => {
  await put('kept');
  expect(await refusal(call())).toBe('501 NotImplemented');
  expect((await get('kept')).text).toBe('kept');
});

test('an object goes when its lifecycle rule says so', async () => {
  await put('builds/old');
  await put('builds/new');
  await put('other/old');
  host.account.database
    .prepare("update s3_objects set modified = ? where key like '%old'")
    .run(Date.now() - 40 * 86_400_000);
  await declareBucket([{ Status: 'Enabled', Prefix: 'builds/', ExpirationInDays: 30 }]);
  await s3.start?.();
  await expect
    .poll(async () => (await client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key))
    .toEqual(['builds/new', 'other/old']);
});

test('a property of a bucket that nobody knows stops the deployment', async () => {
  await expect(
    host.declare(s3, 'AWS::S3::Bucket', 'Other', { VersioningConfiguration: { Status: 'Enabled' } }),
  ).rejects.toThrow('VersioningConfiguration');
});

test.each([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
] as const)('%s gives the check value of its catalogue, in one piece and in two', (algorithm, check) => {
  for (const pieces of [['123456789'], ['1234', '56789']]) {
    const checksum = createChecksum(algorithm);
    for (const piece of pieces) checksum.update(Buffer.from(piece));
    expect(Buffer.from(checksum.digest(), 'base64').toString('hex')).toBe(check);
  }
});

function* cut(content: Buffer, length: number): Generator<Buffer> {
  for (let start = 0; start < content.length; start += length) yield content.subarray(start, start + length);
}
