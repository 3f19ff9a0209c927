import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  PutRegistryScanningConfigurationCommand,
  UpdateImageStorageClassCommand,
} from '@aws-sdk/client-ecr';
import { Inspector2Client } from '@aws-sdk/client-inspector2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createImageUse } from '../../../services/registry/image-use.ts';
import { createStoredImages, type StoredImages } from '../../../services/registry/stored-images.ts';
import { imageType, manifestOf, sha256, tarOf } from '../../local/registry/image-parts.ts';
import { createClient, type RegistryClient } from '../../local/registry/registry-client.ts';
import { type RegistryMachine, startRegistryMachine } from '../../local/registry/registry-machine.ts';
import { startHost } from '../http.ts';

const repository = 'slipway/demo/app';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
let machine: RegistryMachine;
let client: RegistryClient;
let images: StoredImages;
let ecr: ECRClient;

beforeEach(async () => {
  machine = await startRegistryMachine({ scanner: 'records' });
  const owner = machine.account.iam.ownerKeys();
  ecr = new ECRClient({ endpoint: `${machine.url}/aws`, region: 'us-east-1', credentials: owner, maxAttempts: 1 });
  await ecr.send(new CreateRepositoryCommand({ repositoryName: repository }));
  client = createClient(machine.url, machine.owner);
  images = createStoredImages(ecr);
});
afterEach(() => machine.stop());

/** An image, and a signature that refers to it. */
async function pushSigned(tag: string): Promise<{ digest: string; signature: string }> {
  const digest = await client.pushImage(repository, tag, [tarOf([{ path: 'tag', content: tag }])]);
  const empty = Buffer.from('{}');
  const subject = { mediaType: imageType, digest, size: 1 };
  const manifest = manifestOf(empty, [empty], { subject, artifactType: 'application/vnd.example.signature' });
  await client.putManifest(repository, sha256(manifest), manifest);
  return { digest, signature: sha256(manifest) };
}

describe('a release repository', () => {
  it('lists its images with their tags and size, and what refers to each', async () => {
    const { digest, signature } = await pushSigned('latest');
    const { images: listed, referrers } = (await images.list(repository)) ?? {};
    expect(listed?.find((image) => image.digest === digest)).toMatchObject({
      tags: ['latest'],
      bytes: expect.any(Number),
    });
    expect(referrers).toEqual(new Map([[digest, [signature]]]));
  });

  it('loses an image with what refers to it, and nothing else; twice is once', async () => {
    const old = await pushSigned('old');
    const kept = await pushSigned('kept');
    for (let times = 0; times < 2; times++) await images.remove(repository, [old.digest, old.signature]);
    const left = (await images.list(repository))?.images.map(({ digest }) => digest).toSorted();
    expect(left).toEqual([kept.digest, kept.signature].toSorted());
  });

  it('gives an archived image to nobody, lists it no more, and has it again with its signature once it is restored', async () => {
    const { digest, signature } = await pushSigned('old');
    const status = async () => (await client.call('HEAD', `/v2/${repository}/manifests/${digest}`)).status;
    const listed = async () => (await images.list(repository))?.images.map((image) => image.digest);
    for (let times = 0; times < 2; times++) await images.archive(repository, digest);
    expect([await status(), await listed()]).toEqual([404, [signature]]);
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName: repository, filter: { imageStatus: 'ARCHIVED' } }),
    );
    expect(imageDetails).toMatchObject([{ imageDigest: digest, imageStatus: 'ARCHIVED' }]);
    const imageId = { imageDigest: digest };
    await ecr.send(
      new UpdateImageStorageClassCommand({ repositoryName: repository, imageId, targetStorageClass: 'STANDARD' }),
    );
    expect([await status(), (await listed())?.length]).toEqual([200, 2]);
  });

  it('that is not there has no list', async () => {
    expect(await images.list('slipway/demo/none')).toBeUndefined();
  });
});

describe('when clusters ran an image', () => {
  const now = new Date('2026-11-29T12:00:00Z');

  it('is not known to a registry with basic scanning, which is asked nothing more', async () => {
    const inspector = new Inspector2Client({ endpoint: 'http://127.0.0.1:1', region: 'us-east-1', credentials });
    expect(await createImageUse(ecr, inspector).lastUses(repository, now)).toEqual(new Map());
  });

  it('is what Inspector says: now while it runs, and the last time otherwise', async () => {
    await ecr.send(new PutRegistryScanningConfigurationCommand({ scanType: 'ENHANCED', rules: [] }));
    const covered = (digest: string, ecrImage: object) => ({
      accountId: '123456789012',
      resourceId: `arn:aws:ecr:us-east-1:123456789012:repository/${repository}/${digest}`,
      resourceType: 'AWS_ECR_CONTAINER_IMAGE',
      scanType: 'PACKAGE',
      resourceMetadata: { ecrImage },
    });
    await using host = await startHost((_, response) => {
      const coveredResources = [
        covered('sha256:running', { inUseCount: 2, lastInUseAt: 1 }),
        covered('sha256:ran', { inUseCount: 0, lastInUseAt: Date.UTC(2026, 10, 1) / 1000 }),
        covered('sha256:never', { tags: [] }),
      ];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ coveredResources }));
    });
    const inspector = new Inspector2Client({ endpoint: host.url, region: 'us-east-1', credentials });
    expect(await createImageUse(ecr, inspector).lastUses(repository, now)).toEqual(
      new Map([
        ['sha256:running', now.toISOString()],
        ['sha256:ran', '2026-11-01T00:00:00.000Z'],
      ]),
    );
  });
});
