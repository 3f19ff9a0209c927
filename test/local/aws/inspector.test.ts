import {
  Inspector2Client,
  ListCoverageCommand,
  type ListCoverageCommandInput,
  ListFindingsCommand,
  type ListFindingsCommandInput,
} from '@aws-sdk/client-inspector2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInspector, type InspectedImages } from '../../../local/aws/inspector.ts';
import type { Account } from '../../../local/aws/service.ts';
import { hostEndpoint } from './endpoint-host.ts';
import { makeRole } from './role.ts';

const arn = (name: string) => `arn:aws:ecr:us-east-1:123456789012:repository/demo/${name}/sha256:${name}`;
const image = (name: string) => ({ repository: `demo/${name}`, digest: `sha256:${name}` });
const covered = (name: string, reason: string, lastScannedAt?: number) => ({
  ...image(name),
  resourceId: arn(name),
  statusCode: 'ACTIVE' as const,
  reason,
  lastScannedAt,
});
const images: InspectedImages = {
  coverage: () => [covered('a', 'SUCCESSFUL', 1_700_000_000_123), covered('b', 'PENDING_INITIAL_SCAN')],
  findings: () =>
    ['a', 'a', 'b'].map((name, number) => ({ findingArn: `${name}${number}`, status: 'ACTIVE', image: image(name) })),
};

let host: Awaited<ReturnType<typeof hostEndpoint>>;
let inspector: Inspector2Client;

beforeAll(async () => {
  host = await hostEndpoint((account: Account) => [createInspector(account, images)]);
  inspector = new Inspector2Client({ ...host.as(host.account.iam.ownerKeys()) });
});
afterAll(() => host[Symbol.asyncDispose]());

const equals = (value: string) => [{ comparison: 'EQUALS' as const, value }];
const coverage = async (filterCriteria: ListCoverageCommandInput['filterCriteria']) =>
  (await inspector.send(new ListCoverageCommand({ filterCriteria }))).coveredResources;
const findings = async (input: ListFindingsCommandInput) => inspector.send(new ListFindingsCommand(input));

describe('Inspector', () => {
  test('says which images it covers, and when it looked at them', async () => {
    expect(await coverage({ resourceId: equals(arn('a')) })).toEqual([
      {
        accountId: '123456789012',
        resourceId: arn('a'),
        resourceType: 'AWS_ECR_CONTAINER_IMAGE',
        scanType: 'PACKAGE',
        scanStatus: { statusCode: 'ACTIVE', reason: 'SUCCESSFUL' },
        lastScannedAt: new Date(1_700_000_000_123),
        resourceMetadata: { ecrImage: { tags: [] }, ecrRepository: { name: 'demo/a' } },
      },
    ]);
    expect(await coverage({ ecrRepositoryName: equals('demo/b') })).toMatchObject([{ resourceId: arn('b') }]);
    expect(await coverage({ resourceType: equals('AWS_EC2_INSTANCE') })).toEqual([]);
    const others = await coverage({ scanStatusReason: [{ comparison: 'NOT_EQUALS', value: 'SUCCESSFUL' }] });
    expect(others?.map(({ resourceId }) => resourceId)).toEqual([arn('b')]);
  });

  test('tells the findings of an image, in pages', async () => {
    const filterCriteria = {
      ecrImageHash: equals('sha256:a'),
      findingStatus: [...equals('SUPPRESSED'), ...equals('ACTIVE')],
    };
    const first = await findings({ filterCriteria, maxResults: 1 });
    expect(first.findings?.map(({ findingArn }) => findingArn)).toEqual(['a0']);
    const second = await findings({ filterCriteria, maxResults: 1, nextToken: first.nextToken });
    expect(second.findings?.map(({ findingArn }) => findingArn)).toEqual(['a1']);
    expect(second.nextToken).toBeUndefined();
    expect((await findings({ filterCriteria: { findingStatus: equals('CLOSED') } })).findings).toEqual([]);
    await expect(findings({ nextToken: 'x' })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('knows no filter without heeding it', async () => {
    const refused = { name: 'ValidationException' };
    await expect(findings({ filterCriteria: { severity: equals('HIGH') } })).rejects.toMatchObject(refused);
    await expect(coverage({ accountId: equals('1') })).rejects.toMatchObject(refused);
  });

  test('answers those who may ask', async () => {
    const role = makeRole(host.account, 'lambda.amazonaws.com', ['inspector2:ListCoverage']);
    const client = new Inspector2Client({ ...host.as(host.account.iam.keysOf(role)) });
    expect((await client.send(new ListCoverageCommand({}))).coveredResources).toHaveLength(2);
    await expect(client.send(new ListFindingsCommand({}))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
