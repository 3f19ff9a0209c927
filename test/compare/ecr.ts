import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  BatchGetRepositoryScanningConfigurationCommand,
  CreateRepositoryCommand,
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  GetRegistryScanningConfigurationCommand,
  GetRepositoryPolicyCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  PutRegistryScanningConfigurationCommand,
  SetRepositoryPolicyCommand,
  StartImageScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ecr';
import type { Case, Side } from './side.ts';

const clients = new Map<Side, ECRClient>();

function client(side: Side): ECRClient {
  const known = clients.get(side) ?? new ECRClient(side.settings);
  clients.set(side, known);
  return known;
}

const repositoryName = 'library/app';
const resourceArn = `arn:aws:ecr:us-east-1:123456789012:repository/${repositoryName}`;
const indexType = 'application/vnd.oci.image.index.v1+json';
/** Needs no layers, which moto has no room for. */
const manifest = (note: string) =>
  JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [], annotations: { note } });

export async function prepareEcr(side: Side): Promise<void> {
  side.host?.account.connect({
    emit: () => undefined,
  });
}

const address = 'one machine has another address than AWS';
const digest = 'the digest is that of the manifest, which in moto it is not';
const text = 'moto has a text of its own';

function one(name: string, call: (ecr: ECRClient) => Promise<object>, because?: string): Case {
  return { name, call: (side) => call(client(side)), ...(because !== undefined && { because }) };
}

const days = { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 7 };
const lifecycle = (selection: object, type = 'expire') =>
  JSON.stringify({ rules: [{ rulePriority: 1, description: 'x', selection, action: { type } }] });
const policyText = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Sid: 'a', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: ['ecr:ListImages'] },
  ],
});
const filters = [{ filterType: 'WILDCARD' as const, filter: 'build-*' }];

const scanning = (scanType: 'BASIC' | 'ENHANCED', scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN', filter: string) =>
  new PutRegistryScanningConfigurationCommand({
    scanType,
    rules: [{ scanFrequency, repositoryFilters: [{ filter, filterType: 'WILDCARD' }] }],
  });
const scanningOf = (...repositoryNames: string[]) =>
  new BatchGetRepositoryScanningConfigurationCommand({ repositoryNames });

export const ecrCases: Case[] = [
  one('GetRegistryScanningConfiguration at first', (ecr) => ecr.send(new GetRegistryScanningConfigurationCommand({}))),
  one(
    'CreateRepository',
    (ecr) => ecr.send(new CreateRepositoryCommand({ repositoryName, tags: [{ Key: 'a', Value: 'b' }] })),
    address,
  ),
  one('CreateRepository again', (ecr) => ecr.send(new CreateRepositoryCommand({ repositoryName }))),
  one(
    'CreateRepository with a wrong name',
    (ecr) => ecr.send(new CreateRepositoryCommand({ repositoryName: 'Upper' })),
    'moto leaves out the last quotation mark',
  ),
  one('CreateRepository without the filters that it needs', (ecr) =>
    ecr.send(new CreateRepositoryCommand({ repositoryName: 'other', imageTagMutability: 'MUTABLE_WITH_EXCLUSION' })),
  ),
  one('DescribeRepositories', (ecr) => ecr.send(new DescribeRepositoriesCommand({})), address),
  one('DescribeRepositories of none', (ecr) =>
    ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['none'] })),
  ),
  one('ListTagsForResource', (ecr) => ecr.send(new ListTagsForResourceCommand({ resourceArn }))),
  one('TagResource', (ecr) => ecr.send(new TagResourceCommand({ resourceArn, tags: [{ Key: 'c', Value: 'd' }] }))),
  one('UntagResource', (ecr) => ecr.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }))),
  one('ListTagsForResource later', (ecr) => ecr.send(new ListTagsForResourceCommand({ resourceArn }))),
  one('PutImageScanningConfiguration', (ecr) =>
    ecr.send(
      new PutImageScanningConfigurationCommand({ repositoryName, imageScanningConfiguration: { scanOnPush: true } }),
    ),
  ),
  one('GetLifecyclePolicy of none', (ecr) => ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))),
  one('PutLifecyclePolicy', (ecr) =>
    ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: lifecycle(days) })),
  ),
  one(
    'GetLifecyclePolicy',
    (ecr) => ecr.send(new GetLifecyclePolicyCommand({ repositoryName })),
    'moto says that it looked just now; here that comes with the first look',
  ),
  one(
    'PutLifecyclePolicy that is wrong',
    (ecr) =>
      ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: lifecycle(days, 'remove') })),
    text,
  ),
  one(
    'DeleteLifecyclePolicy',
    (ecr) => ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName })),
    'as with GetLifecyclePolicy',
  ),
  one('GetRepositoryPolicy of none', (ecr) => ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))),
  one('SetRepositoryPolicy', (ecr) => ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText }))),
  one('SetRepositoryPolicy that is wrong', (ecr) =>
    ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: '{}' })),
  ),
  one('GetRepositoryPolicy', (ecr) => ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))),
  one('DeleteRepositoryPolicy', (ecr) => ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName }))),
  one(
    'PutImage',
    (ecr) => ecr.send(new PutImageCommand({ repositoryName, imageManifest: manifest('a'), imageTag: 'v1' })),
    digest,
  ),
  one(
    'PutImage again',
    (ecr) => ecr.send(new PutImageCommand({ repositoryName, imageManifest: manifest('a'), imageTag: 'v1' })),
    digest,
  ),
  one(
    'PutImage with another tag',
    (ecr) => ecr.send(new PutImageCommand({ repositoryName, imageManifest: manifest('a'), imageTag: 'v2' })),
    digest,
  ),
  one('ListImages', (ecr) => ecr.send(new ListImagesCommand({ repositoryName })), digest),
  one('ListImages of none', (ecr) => ecr.send(new ListImagesCommand({ repositoryName: 'none' }))),
  one('DescribeImages', (ecr) => ecr.send(new DescribeImagesCommand({ repositoryName })), digest),
  one('DescribeImages of none', (ecr) =>
    ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'none' }] })),
  ),
  one(
    'BatchGetImage',
    (ecr) => ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'v2' }] })),
    digest,
  ),
  one('BatchGetImage of none', (ecr) =>
    ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'none' }] })),
  ),
  one('PutRegistryScanningConfiguration basic', (ecr) => ecr.send(scanning('BASIC', 'SCAN_ON_PUSH', 'library/*'))),
  one(
    'BatchGetRepositoryScanningConfiguration on push',
    (ecr) => ecr.send(scanningOf(repositoryName, 'no/where')),
    'moto leaves scanOnPush as it was',
  ),
  one('PutRegistryScanningConfiguration enhanced', (ecr) =>
    ecr.send(scanning('ENHANCED', 'CONTINUOUS_SCAN', 'library')),
  ),
  one('GetRegistryScanningConfiguration', (ecr) => ecr.send(new GetRegistryScanningConfigurationCommand({}))),
  one('BatchGetRepositoryScanningConfiguration continuous', (ecr) => ecr.send(scanningOf(repositoryName))),
  one('PutRegistryScanningConfiguration without rules', (ecr) =>
    ecr.send(new PutRegistryScanningConfigurationCommand({ scanType: 'BASIC', rules: [] })),
  ),
  one(
    'BatchGetRepositoryScanningConfiguration by its own setting',
    (ecr) => ecr.send(scanningOf(repositoryName)),
    'moto leaves out what PutImageScanningConfiguration said',
  ),
  one('DescribeImageScanFindings before a scan', (ecr) =>
    ecr.send(new DescribeImageScanFindingsCommand({ repositoryName, imageId: { imageTag: 'v1' } })),
  ),
  one('DescribeImageScanFindings of no image', (ecr) =>
    ecr.send(new DescribeImageScanFindingsCommand({ repositoryName, imageId: { imageTag: 'none' } })),
  ),
  one('StartImageScan of no image', (ecr) =>
    ecr.send(new StartImageScanCommand({ repositoryName, imageId: { imageTag: 'none' } })),
  ),
  one(
    'PutImageTagMutability',
    (ecr) =>
      ecr.send(
        new PutImageTagMutabilityCommand({
          repositoryName,
          imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
          imageTagMutabilityExclusionFilters: filters,
        }),
      ),
    'moto leaves the filters out',
  ),
  one('PutImageTagMutability back', (ecr) =>
    ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' })),
  ),
  one(
    'PutImage with a tag that must not move',
    (ecr) => ecr.send(new PutImageCommand({ repositoryName, imageManifest: manifest('b'), imageTag: 'v1' })),
    'moto gives ImageAlreadyExistsException where ECR gives ImageTagAlreadyExistsException',
  ),
  one('DeleteRepository with images', (ecr) => ecr.send(new DeleteRepositoryCommand({ repositoryName }))),
  one('BatchDeleteImage without a name', (ecr) =>
    ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{}] })),
  ),
  one('BatchDeleteImage with a wrong digest', (ecr) =>
    ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest: 'x' }] })),
  ),
  one('BatchDeleteImage of none', (ecr) =>
    ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageTag: 'none' }] })),
  ),
  one(
    'BatchDeleteImage by tag',
    (ecr) => ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageTag: 'v2' }] })),
    digest,
  ),
  one(
    'BatchDeleteImage by its last tag',
    (ecr) => ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageTag: 'v1' }] })),
    digest,
  ),
  one('DeleteRepository', (ecr) => ecr.send(new DeleteRepositoryCommand({ repositoryName })), address),
];
