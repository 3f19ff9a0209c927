import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recordKeys } from '../../../core/model/builder-contract.ts';
import { createRecords, type Records } from '../../../services/records/records.ts';
import { type FakeAws, startFakeAws } from '../../builder/fake-aws.ts';

const id = '00000000000000aa';
let aws: FakeAws;
let client: S3Client;
let records: Records;

beforeAll(async () => {
  aws = await startFakeAws({ url: 'http://registry.example', password: '' });
  const credentials = { accessKeyId: 'k', secretAccessKey: 's' };
  client = new S3Client({ endpoint: aws.url, forcePathStyle: true, region: 'us-east-1', credentials });
  records = createRecords({ client, bucket: 'records' });
});
afterAll(async () => {
  client.destroy();
  await aws[Symbol.asyncDispose]();
});
beforeEach(() => aws.objects.clear());

describe('what is in the records bucket', () => {
  it('is read as it was written', async () => {
    const scan = { state: 'complete' as const, findings: [] };
    await records.putScan(id, scan);
    expect([...aws.objects.keys()]).toEqual([`/records/${recordKeys.findings(id)}`]);
    expect(await records.scan(id)).toEqual(scan);
  });

  it('is nothing when it is not there', async () => {
    expect(await records.result(id)).toBeUndefined();
    expect(await records.scan(id)).toBeUndefined();
  });

  it.each(['', 'null', '{', '{"outcome":"built"}', '{"outcome":"built","digest":"latest"}', '[]'])(
    'is an error when a build left %j for a result',
    async (text) => {
      aws.objects.set(`/records/${recordKeys.result(id)}`, text);
      await expect(records.result(id)).rejects.toThrow();
    },
  );

  it('is an error when a build left more than the functions could hold', async () => {
    aws.objects.set(
      `/records/${recordKeys.scanners(id)}`,
      JSON.stringify({ version: 1, reports: [] }).padEnd(33 * 1024 * 1024),
    );
    await expect(records.scanners(id)).rejects.toThrow(/larger than one can be/);
  });

  it('is a request that the builder can read, or it is not written', async () => {
    await expect(async () => records.putRequest({ id } as never)).rejects.toThrow();
    expect(aws.objects.size).toBe(0);
  });
});
