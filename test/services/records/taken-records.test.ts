import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recordKeys } from '../../../core/model/builder-contract.ts';
import { createIam } from '../../../local/aws/iam/iam.ts';
import { createS3, type S3 } from '../../../local/aws/s3/s3.ts';
import { createTakenRecords } from '../../../services/records/taken-records.ts';
import { type EndpointHost, hostEndpoint } from '../../local/aws/endpoint-host.ts';

const [maker, taker] = ['00000000000000aa', '00000000000000bb'];
const Bucket = 'records';
let host: EndpointHost;
let client: S3Client;

beforeAll(async () => {
  let s3: S3 | undefined;
  host = await hostEndpoint((account) => {
    s3 = createS3(account);
    return [createIam(account), s3];
  });
  if (s3) await host.declare(s3, 'AWS::S3::Bucket', 'Records', { BucketName: Bucket });
  client = new S3Client(host.as(host.account.iam.ownerKeys()));
});
afterAll(async () => {
  client.destroy();
  await host[Symbol.asyncDispose]();
});

it('what was recorded of an image is copied to the build that takes it over, as far as there is any', async () => {
  const content = { Body: 'an SBOM', ContentType: 'application/spdx+json', ContentDisposition: 'attachment' };
  await client.send(new PutObjectCommand({ Bucket, Key: recordKeys.spdx(maker), ...content }));
  await client.send(new PutObjectCommand({ Bucket, Key: recordKeys.findings(maker), Body: '{}' }));
  await createTakenRecords({ client, bucket: Bucket }).copy(maker, taker);
  const copy = await client.send(new GetObjectCommand({ Bucket, Key: recordKeys.spdx(taker) }));
  expect(await copy.Body?.transformToString()).toBe('an SBOM');
  expect(copy).toMatchObject({ ContentType: 'application/spdx+json', ContentDisposition: 'attachment' });
  // Its findings are collected anew.
  for (const Key of [recordKeys.findings(taker), recordKeys.packages(taker)])
    await expect(client.send(new GetObjectCommand({ Bucket, Key }))).rejects.toThrow(NoSuchKey);
});
