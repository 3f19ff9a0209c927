import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { AbstractValueIterator } from 'abstract-level';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDynamodb } from '../../../local/aws/dynamodb/dynamodb.ts';
import { startDynamoDbEngine } from '../../../local/aws/dynamodb/engine.ts';
import { createIam } from '../../../local/aws/iam/iam.ts';
import type { Keys, Service } from '../../../local/aws/service.ts';
import { eventually } from '../../eventually.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let dynamodb: Service;
let iam: Service;
let client: DynamoDBDocumentClient;

const clientFor = (keys: Keys) => DynamoDBDocumentClient.from(new DynamoDBClient(host.as(keys)));
async function open(dataFolder?: string): Promise<void> {
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    dynamodb = createDynamodb(account);
    return [iam, dynamodb];
  }, dataFolder);
  client = clientFor(host.account.iam.ownerKeys());
}
beforeEach(() => open());
afterEach(() => host[Symbol.asyncDispose]());

const key = (AttributeName: string, KeyType = 'HASH') => ({ AttributeName, KeyType });
const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' });
const index = (IndexName: string, ...KeySchema: object[]) => ({
  IndexName,
  KeySchema,
  Projection: { ProjectionType: 'ALL' },
});
const plain = {
  AttributeDefinitions: [text('id')],
  KeySchema: [key('id')],
  BillingMode: 'PAY_PER_REQUEST',
  Replicas: [
    {
      Region: 'us-east-1',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    },
  ],
};
const indexed = {
  ...plain,
  AttributeDefinitions: [text('id'), text('status')],
  GlobalSecondaryIndexes: [index('byStatus', key('status'))],
};
const table = (properties: object) => host.declare(dynamodb, 'AWS::DynamoDB::GlobalTable', 'Builds', properties);

describe('a table', () => {
  test('keeps its items over a deployment that adds an index, and the index has them', async () => {
    const { ref: TableName, attributes } = await table(plain);
    expect(attributes?.Arn).toBe(`arn:aws:dynamodb:us-east-1:123456789012:table/${TableName}`);
    await client.send(new PutCommand({ TableName, Item: { id: 'a', status: 'queued', tags: new Set(['x']) } }));
    await table(indexed);
    const query = {
      TableName,
      IndexName: 'byStatus',
      KeyConditionExpression: '#s = :s',
      ExpressionAttributeNames: { '#s': 'status' },
    };
    const { Items } = await client.send(new QueryCommand({ ...query, ExpressionAttributeValues: { ':s': 'queued' } }));
    expect(Items).toEqual([{ id: 'a', status: 'queued', tags: new Set(['x']) }]);
    await table(plain);
    await expect(
      client.send(new QueryCommand({ ...query, ExpressionAttributeValues: { ':s': 'queued' } })),
    ).rejects.toThrow(/index/);
    expect((await client.send(new GetCommand({ TableName, Key: { id: 'a' } }))).Item).toMatchObject({
      status: 'queued',
    });
  });

  test('holds what was put after the service has stopped and started again', async () => {
    const { ref: TableName } = await table(indexed);
    await client.send(new PutCommand({ TableName, Item: { id: 'a' } }));
    await dynamodb.stop?.();
    await host.crash();
    await open(host.dataFolder);
    await table(indexed);
    expect((await client.send(new GetCommand({ TableName, Key: { id: 'a' } }))).Item).toEqual({ id: 'a' });
  });

  test('loses the items whose time is over', async () => {
    const { ref: TableName } = await table({
      ...plain,
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
    const now = Math.floor(Date.now() / 1000);
    await client.send(new PutCommand({ TableName, Item: { id: 'over', expiresAt: now - 10 } }));
    await client.send(new PutCommand({ TableName, Item: { id: 'later', expiresAt: now + 1000 } }));
    await client.send(new PutCommand({ TableName, Item: { id: 'never' } }));
    await client.send(new PutCommand({ TableName, Item: { id: 'text', expiresAt: '1' } }));
    await dynamodb.start?.();
    const there = async (id: string) =>
      (await client.send(new GetCommand({ TableName, Key: { id } }))).Item !== undefined;
    await expect.poll(() => there('over')).toBe(false);
    expect([await there('later'), await there('never'), await there('text')]).toEqual([true, true, true]);
  });

  test('tells what was there when a condition fails', async () => {
    const { ref: TableName } = await table(plain);
    await client.send(new PutCommand({ TableName, Item: { id: 'a', status: 'released' } }));
    await expect(
      client.send(
        new UpdateCommand({
          TableName,
          Key: { id: 'a' },
          UpdateExpression: 'SET #s = :new',
          ConditionExpression: '#s = :old',
          ExpressionAttributeNames: { '#s': 'status' },
          ExpressionAttributeValues: { ':new': 'failed', ':old': 'building' },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    ).rejects.toMatchObject({ name: 'ConditionalCheckFailedException', Item: { status: { S: 'released' } } });
  });

  test('is refused with a stream, by name', async () => {
    await expect(table({ ...plain, StreamSpecification: { StreamViewType: 'NEW_IMAGE' } })).rejects.toThrow(
      /StreamSpecification/,
    );
  });
});

test('a role reaches the table and the index that its policy names, and no others', async () => {
  const { ref: TableName, attributes } = await table(indexed);
  const role = await declareRole(host, iam, 'Reader', [
    { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: attributes?.Arn },
    { Effect: 'Allow', Action: 'dynamodb:Query', Resource: `${attributes?.Arn}/index/byStatus` },
  ]);
  const reader = clientFor(host.account.iam.keysOf(role, 'site'));
  await reader.send(new GetCommand({ TableName, Key: { id: 'a' } }));
  const byStatus = {
    KeyConditionExpression: '#s = :s',
    ExpressionAttributeNames: { '#s': 'status' },
    ExpressionAttributeValues: { ':s': 'x' },
  };
  await reader.send(new QueryCommand({ TableName, IndexName: 'byStatus', ...byStatus }));
  await expect(
    reader.send(
      new QueryCommand({ TableName, KeyConditionExpression: 'id = :s', ExpressionAttributeValues: { ':s': 'x' } }),
    ),
  ).rejects.toThrow(
    `dynamodb:Query on resource: ${attributes?.Arn} because no identity-based policy allows the dynamodb:Query action`,
  );
  await expect(reader.send(new PutCommand({ TableName, Item: { id: 'a' } }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});

test('a read that has ended keeps nothing in memory, whether it came to the end of the table or not', async () => {
  const { ref: TableName } = await table(plain);
  for (const id of ['a', 'b', 'c']) await client.send(new PutCommand({ TableName, Item: { id } }));
  const close = vi.spyOn(AbstractValueIterator.prototype, 'close');
  try {
    for (const Limit of [undefined, 1]) {
      close.mockClear();
      await client.send(new ScanCommand({ TableName, Limit }));
      await eventually(() => expect(close).toHaveBeenCalled());
    }
  } finally {
    close.mockRestore();
  }
});

test('nobody else on the machine can talk to the tables', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-dynamodb-'));
  const engine = await startDynamoDbEngine(folder);
  expect(await engine.call('ListTables', {})).toEqual({ TableNames: [] });
  const stranger = new DynamoDBClient({
    ...host.as(host.account.iam.ownerKeys()),
    endpoint: `http://127.0.0.1:${engine.port}`,
  });
  await expect(stranger.send(new ListTablesCommand({}))).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  await engine.stop();
  await rm(folder, { recursive: true });
});
