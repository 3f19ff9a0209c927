import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAccountSettingCommand,
  GetAuthorizationTokenCommand,
  GetDownloadUrlForLayerCommand,
  GetLifecyclePolicyCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  PutAccountSettingCommand,
  PutImageCommand,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
  StartImageScanCommand,
  TagResourceCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageType, indexType, manifestOf, sha256 } from '../registry/image-parts.ts';
import { createClient } from '../registry/registry-client.ts';
import { type RegistryMachine, startRegistryMachine } from '../registry/registry-machine.ts';
import { makeRole } from './role.ts';

let machine: RegistryMachine;
let ecr: ECRClient;
const registryId = '123456789012';
const [config, layer] = [Buffer.from('{}'), Buffer.from('layer')];

beforeAll(async () => {
  machine = await startRegistryMachine();
  ecr = clientFor(machine.account.iam.ownerKeys());
});

afterAll(() => machine.stop());

function clientFor(credentials: { accessKeyId: string; secretAccessKey: string }): ECRClient {
  return new ECRClient({ endpoint: `${machine.url}/aws`, region: 'us-east-1', credentials, maxAttempts: 1 });
}

async function repositoryWith(repositoryName: string, tags: string[] = []): Promise<string> {
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const registry = createClient(machine.url, machine.owner);
  for (const blob of [config, layer]) await registry.pushBlob(repositoryName, blob);
  for (const tag of tags) await registry.putManifest(repositoryName, tag, manifestOf(config, [layer]));
  return sha256(manifestOf(config, [layer]));
}

describe('a repository', () => {
  test('has the settings that it was made with', async () => {
    const { repository } = await ecr.send(
      new CreateRepositoryCommand({
        repositoryName: 'made/app',
        tags: [{ Key: 'team', Value: 'a' }],
        imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
        imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'build-*' }],
        imageScanningConfiguration: { scanOnPush: true },
      }),
    );
    expect(repository).toEqual({
      repositoryArn: `arn:aws:ecr:us-east-1:${registryId}:repository/made/app`,
      registryId,
      repositoryName: 'made/app',
      repositoryUri: `${machine.url.slice('http://'.length)}/made/app`,
      createdAt: expect.any(Date),
      imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'build-*' }],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'AES256' },
    });
    await expect(ecr.send(new CreateRepositoryCommand({ repositoryName: 'made/app' }))).rejects.toMatchObject({
      name: 'RepositoryAlreadyExistsException',
      message: `The repository with name 'made/app' already exists in the registry with id '${registryId}'`,
    });
    const resourceArn = repository?.repositoryArn;
    await ecr.send(new TagResourceCommand({ resourceArn, tags: [{ Key: 'team', Value: 'b' }] }));
    expect((await ecr.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([
      { Key: 'team', Value: 'b' },
    ]);
  });

  test('with a wrong name or wrong filters is not made', async () => {
    const create = (input: ConstructorParameters<typeof CreateRepositoryCommand>[0]) =>
      ecr.send(new CreateRepositoryCommand(input));
    const refused = { name: 'InvalidParameterException', message: expect.stringMatching(/^Invalid parameter at '/) };
    for (const repositoryName of ['Upper', '../x', 'a', 'a//b', 'a'.repeat(257), '-a']) {
      await expect(create({ repositoryName })).rejects.toMatchObject(refused);
    }
    const filters = [{ filterType: 'WILDCARD' as const, filter: 'x' }];
    await expect(create({ repositoryName: 'ok', imageTagMutability: 'MUTABLE_WITH_EXCLUSION' })).rejects.toMatchObject(
      refused,
    );
    await expect(create({ repositoryName: 'ok', imageTagMutabilityExclusionFilters: filters })).rejects.toMatchObject(
      refused,
    );
  });

  test('changes its settings', async () => {
    await repositoryWith('changed');
    await ecr.send(new PutImageTagMutabilityCommand({ repositoryName: 'changed', imageTagMutability: 'IMMUTABLE' }));
    await ecr.send(
      new PutImageScanningConfigurationCommand({
        repositoryName: 'changed',
        imageScanningConfiguration: { scanOnPush: true },
      }),
    );
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['changed'] }));
    expect(repositories).toMatchObject([
      { imageTagMutability: 'IMMUTABLE', imageScanningConfiguration: { scanOnPush: true } },
    ]);
  });

  test('is listed in pages', async () => {
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'zz/one' }));
    const names: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecr.send(new DescribeRepositoriesCommand({ maxResults: 1, nextToken }));
      names.push(...(page.repositories ?? []).map(({ repositoryName }) => repositoryName));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(names).toContain('zz/one');
    expect(names).toEqual([...new Set(names)].sort());
    await expect(ecr.send(new DescribeRepositoriesCommand({ nextToken: 'x' }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  test('that is not there is not found', async () => {
    const repositoryName = 'nowhere';
    const message = `The repository with name 'nowhere' does not exist in the registry with id '${registryId}'`;
    for (const command of [
      new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }),
      new ListImagesCommand({ repositoryName }),
      new DeleteRepositoryCommand({ repositoryName }),
      new GetLifecyclePolicyCommand({ repositoryName }),
    ]) {
      await expect(ecr.send(command as ListImagesCommand)).rejects.toMatchObject({
        name: 'RepositoryNotFoundException',
        message,
      });
    }
  });

  test('with images goes only by force', async () => {
    await repositoryWith('full', ['v1']);
    const remove = (force: boolean) => ecr.send(new DeleteRepositoryCommand({ repositoryName: 'full', force }));
    await expect(remove(false)).rejects.toMatchObject({
      name: 'RepositoryNotEmptyException',
      message: `The repository with name 'full' in registry with id '${registryId}' cannot be deleted because it still contains images`,
    });
    expect((await remove(true)).repository?.repositoryName).toBe('full');
  });
});

test('the token logs in to the registry for twelve hours', async () => {
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const [{ authorizationToken = '', expiresAt, proxyEndpoint } = {}] = authorizationData ?? [];
  expect(proxyEndpoint).toBe(machine.url);
  expect(Buffer.from(authorizationToken, 'base64').toString()).toMatch(/^AWS:\S{40,}$/);
  expect((expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(11.9 * 60 * 60 * 1000);
  expect(await createClient(machine.url, `Basic ${authorizationToken}`).call('GET', '/v2/')).toMatchObject({
    status: 200,
  });
});

test('a role does only what its policies allow', async () => {
  const role = makeRole(machine.account, 'lambda.amazonaws.com', ['ecr:DescribeImages']);
  const client = clientFor(machine.account.iam.keysOf(role));
  await expect(client.send(new ListImagesCommand({ repositoryName: 'any' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining(
      `ecr:ListImages on resource: arn:aws:ecr:us-east-1:${registryId}:repository/any because`,
    ),
  });
});

describe('images', () => {
  test('are described, listed and got', async () => {
    const digest = await repositoryWith('listed', ['a', 'b']);
    const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'listed' }));
    expect(imageDetails).toEqual([
      {
        registryId,
        repositoryName: 'listed',
        imageDigest: digest,
        imageTags: ['a', 'b'],
        imageSizeInBytes: layer.length,
        imagePushedAt: expect.any(Date),
        imageManifestMediaType: imageType,
        artifactMediaType: 'application/vnd.oci.image.config.v1+json',
        imageStatus: 'ACTIVE',
      },
    ]);
    const list = async (tagStatus: 'TAGGED' | 'UNTAGGED') =>
      (await ecr.send(new ListImagesCommand({ repositoryName: 'listed', filter: { tagStatus } }))).imageIds;
    expect(await list('TAGGED')).toEqual([
      { imageDigest: digest, imageTag: 'a' },
      { imageDigest: digest, imageTag: 'b' },
    ]);
    expect(await list('UNTAGGED')).toEqual([]);
    const got = await ecr.send(
      new BatchGetImageCommand({
        repositoryName: 'listed',
        imageIds: [
          { imageTag: 'a' },
          { imageTag: 'none' },
          {},
          { imageDigest: 'x' },
          { imageDigest: sha256(''), imageTag: 'a' },
        ],
      }),
    );
    expect(got.images).toEqual([
      {
        registryId,
        repositoryName: 'listed',
        imageId: { imageDigest: digest, imageTag: 'a' },
        imageManifest: manifestOf(config, [layer]).toString(),
        imageManifestMediaType: imageType,
      },
    ]);
    expect(got.failures?.map(({ failureCode }) => failureCode).sort()).toEqual([
      'ImageNotFound',
      'ImageTagDoesNotMatchDigest',
      'InvalidImageDigest',
      'MissingDigestAndTag',
    ]);
    await expect(
      ecr.send(new DescribeImagesCommand({ repositoryName: 'listed', imageIds: [{ imageTag: 'none' }] })),
    ).rejects.toMatchObject({
      name: 'ImageNotFoundException',
      message: `The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name 'listed' in the registry with id '${registryId}'`,
    });
  });

  test('get tags, and refuse what ECR refuses', async () => {
    const digest = await repositoryWith('put', ['a']);
    const imageManifest = manifestOf(config, [layer]).toString();
    const put = (input: {
      imageTag?: string;
      imageDigest?: string;
      imageManifest?: string;
      imageManifestMediaType?: string;
    }) => ecr.send(new PutImageCommand({ repositoryName: 'put', imageManifest, ...input }));
    expect((await put({ imageTag: 'b' })).image?.imageId).toEqual({ imageDigest: digest, imageTag: 'b' });
    await expect(put({ imageTag: 'b' })).rejects.toMatchObject({
      name: 'ImageAlreadyExistsException',
      message: `Image with digest '${digest}' and tag 'b' already exists in the repository with name 'put' in registry with id '${registryId}'`,
    });
    await expect(put({ imageTag: 'c', imageDigest: sha256('') })).rejects.toMatchObject({
      name: 'ImageDigestDoesNotMatchException',
    });
    await expect(put({ imageManifest: manifestOf(config, [Buffer.from('?')]).toString() })).rejects.toMatchObject({
      name: 'LayersNotFoundException',
    });
    const index = JSON.stringify({
      schemaVersion: 2,
      manifests: [{ mediaType: imageType, digest: sha256('?'), size: 1 }],
    });
    await expect(put({ imageManifest: index, imageManifestMediaType: indexType })).rejects.toMatchObject({
      name: 'ReferencedImagesNotFoundException',
    });
    await expect(put({ imageManifest: '{' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await ecr.send(new PutImageTagMutabilityCommand({ repositoryName: 'put', imageTagMutability: 'IMMUTABLE' }));
    await expect(put({ imageTag: 'b' })).rejects.toMatchObject({ name: 'ImageTagAlreadyExistsException' });
    expect((await put({ imageTag: 'c' })).image?.imageId?.imageTag).toBe('c');
  });

  test('go by tag or by digest', async () => {
    const digest = await repositoryWith('gone', ['a', 'b']);
    const remove = (imageId: { imageTag?: string; imageDigest?: string }) =>
      ecr.send(new BatchDeleteImageCommand({ repositoryName: 'gone', imageIds: [imageId] }));
    expect((await remove({ imageTag: 'a' })).imageIds).toEqual([{ imageDigest: digest, imageTag: 'a' }]);
    expect((await remove({ imageTag: 'a' })).failures).toMatchObject([{ failureCode: 'ImageNotFound' }]);
    expect((await remove({ imageTag: 'b' })).imageIds).toEqual([{ imageDigest: digest, imageTag: 'b' }]);
    expect((await remove({ imageDigest: digest })).failures).toMatchObject([{ failureCode: 'ImageNotFound' }]);
    expect(machine.events.at(-1)?.detail).toMatchObject({ 'action-type': 'DELETE', 'image-tag': 'b' });
  });

  test('of many platforms cannot be scanned as one', async () => {
    const digest = await repositoryWith('index', ['child']);
    const manifests = [{ mediaType: imageType, digest, size: manifestOf(config, [layer]).length }];
    const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests });
    await ecr.send(new PutImageCommand({ repositoryName: 'index', imageManifest, imageTag: 'all' }));
    await expect(
      ecr.send(new StartImageScanCommand({ repositoryName: 'index', imageId: { imageTag: 'all' } })),
    ).rejects.toMatchObject({ name: 'UnsupportedImageTypeException' });
    const { failures } = await ecr.send(
      new BatchDeleteImageCommand({ repositoryName: 'index', imageIds: [{ imageDigest: digest }] }),
    );
    expect(failures).toMatchObject([{ failureCode: 'ImageReferencedByManifestList' }]);
  });
});

test('a layer goes up in parts, and down by its address', async () => {
  const repositoryName = 'parts';
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const { uploadId } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }));
  const part = (partFirstByte: number, layerPartBlob: Buffer) =>
    ecr.send(
      new UploadLayerPartCommand({
        repositoryName,
        uploadId,
        partFirstByte,
        layerPartBlob,
        partLastByte: partFirstByte + layerPartBlob.length - 1,
      }),
    );
  const complete = () =>
    ecr.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [sha256(layer)] }));
  await expect(complete()).rejects.toMatchObject({ name: 'EmptyUploadException' });
  expect((await part(0, layer.subarray(0, 2))).lastByteReceived).toBe(1);
  await expect(part(3, layer.subarray(3))).rejects.toMatchObject({
    name: 'InvalidLayerPartException',
    lastValidByteReceived: 1,
  });
  await part(2, layer.subarray(2));
  expect((await complete()).layerDigest).toBe(sha256(layer));
  await expect(complete()).rejects.toMatchObject({ name: 'UploadNotFoundException' });
  const { layers } = await ecr.send(
    new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests: [sha256(layer), sha256('none')] }),
  );
  expect(layers).toMatchObject([
    { layerAvailability: 'AVAILABLE', layerSize: 5 },
    { layerAvailability: 'UNAVAILABLE' },
  ]);
  const { downloadUrl = '' } = await ecr.send(
    new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: sha256(layer) }),
  );
  expect(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer())).toEqual(layer);
});

describe('policies', () => {
  test('a lifecycle policy is kept, and done', async () => {
    const repositoryName = 'expiring';
    const digest = await repositoryWith(repositoryName, ['old']);
    const selection = { tagStatus: 'any', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 1 };
    const lifecyclePolicyText = JSON.stringify({ rules: [{ rulePriority: 1, selection, action: { type: 'expire' } }] });
    await ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
    expect(await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).toMatchObject({ lifecyclePolicyText });
    await machine.restart();
    const list = async () => (await ecr.send(new ListImagesCommand({ repositoryName }))).imageIds;
    expect(await list()).toHaveLength(1);
    machine.account.database
      .prepare('update ecr_image set pushed_at = 0 where digest = ? and repository = ?')
      .run(digest, repositoryName);
    await machine.restart();
    expect(await list()).toEqual([]);
    await ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName }));
    await expect(ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'LifecyclePolicyNotFoundException',
      message: `Lifecycle policy does not exist for the repository with name 'expiring' in the registry with id '${registryId}'`,
    });
    const wrong = lifecyclePolicyText.replace('expire', 'remove');
    await expect(
      ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: wrong })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringMatching(
        /^Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: /,
      ),
    });
  });

  test("a repository's own policy allows what no role's policy does, until it goes", async () => {
    const repositoryName = 'shared';
    await repositoryWith(repositoryName);
    const role = makeRole(machine.account, 'lambda.amazonaws.com', ['s3:GetObject']);
    const list = () => clientFor(machine.account.iam.keysOf(role)).send(new ListImagesCommand({ repositoryName }));
    const policyText = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Sid: 'x', Effect: 'Allow', Principal: { AWS: role }, Action: ['ecr:ListImages'] }],
    });
    await expect(list()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText }));
    expect((await list()).imageIds).toEqual([]);
    await ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName }));
    await expect(list()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('the account lets layers be mounted, or not', async () => {
    const setting = async () => (await ecr.send(new GetAccountSettingCommand({ name: 'BLOB_MOUNTING' }))).value;
    expect(await setting()).toBe('DISABLED');
    await repositoryWith('mount/from');
    const client = createClient(machine.url, machine.owner);
    const mount = () => client.call('POST', `/v2/mount/to/blobs/uploads/?mount=${sha256(layer)}&from=mount/from`);
    expect(await mount()).toMatchObject({ status: 202 });
    await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
    expect(await mount()).toMatchObject({ status: 201 });
  });
});
