import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordKeys } from '../../../core/model/builder-contract.ts';
import { largestSbom } from '../../../core/sbom/sbom.ts';
import { createIam } from '../../../local/aws/iam/iam.ts';
import { createS3, type S3 } from '../../../local/aws/s3/s3.ts';
import { createSboms } from '../../../services/records/sboms.ts';
import { type EndpointHost, hostEndpoint } from '../../local/aws/endpoint-host.ts';

const [id, none] = ['00000000000000aa', '00000000000000bb'];
const text = '{"spdxVersion":"SPDX-2.3"}';
let host: EndpointHost;
let client: S3Client;

beforeAll(async () => {
  let s3: S3 | undefined;
  host = await hostEndpoint((account) => {
    s3 = createS3(account);
    return [createIam(account), s3];
  });
  if (s3) await host.declare(s3, 'AWS::S3::Bucket', 'Records', { BucketName: 'records' });
  client = new S3Client(host.as(host.account.iam.ownerKeys()));
  const put = (Key: string, Body: string | Buffer, more: object) =>
    client.send(new PutObjectCommand({ Bucket: 'records', Key, Body, ...more }));
  await put(recordKeys.spdx(id), text, {
    ContentType: 'application/spdx+json',
    ContentDisposition: 'attachment; filename="build.spdx.json"',
  });
  await put(recordKeys.cyclonedx(id), Buffer.alloc(largestSbom + 1), {});
});
afterAll(async () => {
  client.destroy();
  await host[Symbol.asyncDispose]();
});

const sboms = () => createSboms({ client, bucket: 'records' });

describe('an SBOM', () => {
  it('is served by S3 to everyone who has the address, as a file of its type', async () => {
    const address = await sboms().address(id, 'spdx');
    const response = await fetch(address ?? '');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/spdx+json');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="build.spdx.json"');
    expect(await response.text()).toBe(text);

    const other = address?.replace(recordKeys.spdx(id), recordKeys.cyclonedx(id));
    expect((await fetch(other ?? '')).status).toBe(403);
  });

  it('has an address that holds for minutes', async () => {
    const address = new URL((await sboms().address(id, 'spdx')) ?? '');
    expect(address.pathname).toMatch(new RegExp(`/${recordKeys.spdx(id)}$`));
    expect(address.searchParams.get('X-Amz-Expires')).toBe('300');
  });

  it('that a build does not have has no address and no content', async () => {
    expect(await sboms().address(none, 'spdx')).toBeUndefined();
    expect(await sboms().read(none, 'spdx')).toBeUndefined();
  });

  it('is read as it was stored, unless something larger than an SBOM was stored instead', async () => {
    expect(Buffer.from((await sboms().read(id, 'spdx')) ?? []).toString()).toBe(text);
    expect(await sboms().read(id, 'cyclonedx')).toBeUndefined();
  });
});
