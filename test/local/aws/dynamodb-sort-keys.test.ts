import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDynamodb } from '../../../local/aws/dynamodb/dynamodb.ts';
import { createIam } from '../../../local/aws/iam/iam.ts';
import type { Service } from '../../../local/aws/service.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let dynamodb: Service;
let iam: Service;
let client: DynamoDBDocumentClient;

async function open(dataFolder?: string): Promise<void> {
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    dynamodb = createDynamodb(account);
    return [iam, dynamodb];
  }, dataFolder);
  client = DynamoDBDocumentClient.from(new DynamoDBClient(host.as(host.account.iam.ownerKeys())));
}
beforeEach(() => open());
afterEach(() => host[Symbol.asyncDispose]());

const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' });
const keys = (...names: string[]) =>
  names.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' }));
const members = {
  AttributeDefinitions: ['id', 'member'].map(text),
  KeySchema: keys('id', 'member'),
  BillingMode: 'PAY_PER_REQUEST',
  Replicas: [{ Region: 'us-east-1' }],
};
const openMembers = {
  ...members,
  AttributeDefinitions: ['id', 'member', 'open', 'since'].map(text),
  GlobalSecondaryIndexes: [
    { IndexName: 'byOpen', KeySchema: keys('open', 'since'), Projection: { ProjectionType: 'ALL' } },
  ],
};
const table = async (properties: object) =>
  (await host.declare(dynamodb, 'AWS::DynamoDB::GlobalTable', 'Cascades', properties)).ref;
const item = (member: string, more: object = {}) => ({ id: 'c1', member, ...more });

async function openOnes(TableName: string): Promise<string[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName,
      IndexName: 'byOpen',
      KeyConditionExpression: '#open = :yes',
      ExpressionAttributeNames: { '#open': 'open' },
      ExpressionAttributeValues: { ':yes': 'y' },
    }),
  );
  return Items.map(({ member }) => String(member));
}

describe('a table with a sort key', () => {
  test('finds the items of one key by how the other begins, in order and page by page', async () => {
    const TableName = await table(members);
    const Items = ['m#b', 'm#a', 'm#c', 'header', 'n#a'].map((member) => item(member));
    const requests = [...Items, { id: 'c2', member: 'm#a' }].map((Item) => ({ PutRequest: { Item } }));
    const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: requests } }));
    expect(UnprocessedItems).toEqual({});
    const query = {
      TableName,
      KeyConditionExpression: 'id = :id and begins_with(#member, :m)',
      ExpressionAttributeNames: { '#member': 'member' },
      ExpressionAttributeValues: { ':id': 'c1', ':m': 'm#' },
    };
    const first = await client.send(new QueryCommand({ ...query, Limit: 2 }));
    expect(first.Items).toEqual([item('m#a'), item('m#b')]);
    const rest = await client.send(new QueryCommand({ ...query, ExclusiveStartKey: first.LastEvaluatedKey }));
    expect([rest.Items, rest.LastEvaluatedKey]).toEqual([[item('m#c')], undefined]);
  });

  test('reads and removes many items in one call, and refuses more than DynamoDB takes', async () => {
    const TableName = await table(members);
    await client.send(new PutCommand({ TableName, Item: item('a', { n: 1 }) }));
    const get = (Keys: object[]) => client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }));
    expect((await get([item('a'), item('none')])).Responses).toEqual({ [TableName]: [item('a', { n: 1 })] });
    await expect(get(Array.from({ length: 101 }, (_, at) => item(`${at}`)))).rejects.toThrow(/Too many items|100/);
    await expect(get([item('a'), item('a')])).rejects.toThrow('Provided list of item keys contains duplicates');
    const remove = [{ DeleteRequest: { Key: item('a') } }];
    await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: remove } }));
    expect((await get([item('a')])).Responses).toEqual({ [TableName]: [] });
  });

  test('loses the items whose time is over, and no other of the same key', async () => {
    const TimeToLiveSpecification = { AttributeName: 'expiresAt', Enabled: true };
    const TableName = await table({ ...members, TimeToLiveSpecification });
    const now = Math.floor(Date.now() / 1000);
    await client.send(new PutCommand({ TableName, Item: item('over', { expiresAt: now - 10 }) }));
    await client.send(new PutCommand({ TableName, Item: item('later', { expiresAt: now + 1000 }) }));
    await dynamodb.start?.();
    const there = async (member: string) =>
      (await client.send(new GetCommand({ TableName, Key: item(member) }))).Item !== undefined;
    await expect.poll(() => there('over')).toBe(false);
    expect(await there('later')).toBe(true);
  });
});

describe('a sparse index', () => {
  test('has those items alone that have its keys, and loses one that loses a key', async () => {
    const TableName = await table(openMembers);
    await client.send(new PutCommand({ TableName, Item: item('header') }));
    await client.send(new PutCommand({ TableName, Item: item('half', { open: 'y' }) }));
    await client.send(new PutCommand({ TableName, Item: item('late', { open: 'y', since: '2' }) }));
    await client.send(new PutCommand({ TableName, Item: item('early', { open: 'y', since: '1' }) }));
    expect(await openOnes(TableName)).toEqual(['early', 'late']);
    const names = { ExpressionAttributeNames: { '#open': 'open' } };
    await client.send(new UpdateCommand({ TableName, Key: item('early'), UpdateExpression: 'remove #open', ...names }));
    expect(await openOnes(TableName)).toEqual(['late']);
  });

  test('that a later template adds has the items that were there, and is the same after a restart', async () => {
    const TableName = await table(members);
    await client.send(new PutCommand({ TableName, Item: item('header') }));
    await client.send(new PutCommand({ TableName, Item: item('late', { open: 'y', since: '2' }) }));
    await table(openMembers);
    expect(await openOnes(TableName)).toEqual(['late']);
    await dynamodb.stop?.();
    await host.crash();
    await open(host.dataFolder);
    await table(openMembers);
    expect(await openOnes(TableName)).toEqual(['late']);
    expect((await client.send(new GetCommand({ TableName, Key: item('header') }))).Item).toEqual(item('header'));
  });
});

test('many items at once need the permission for the batch, on each table', async () => {
  const TableName = await table(members);
  const Resource = `arn:aws:dynamodb:us-east-1:123456789012:table/${TableName}`;
  const allowed = { Effect: 'Allow', Action: ['dynamodb:GetItem', 'dynamodb:BatchWriteItem'], Resource };
  const role = await declareRole(host, iam, 'Reader', [allowed]);
  const keysOfRole = host.account.iam.keysOf(role, 'reader');
  const reader = DynamoDBDocumentClient.from(new DynamoDBClient(host.as(keysOfRole)));
  const write = (name: string) => {
    const RequestItems = { [name]: [{ PutRequest: { Item: item('a') } }] };
    return reader.send(new BatchWriteCommand({ RequestItems }));
  };
  await write(TableName);
  await expect(write('other')).rejects.toThrow(/not authorized to perform: dynamodb:BatchWriteItem.*table\/other/);
  const RequestItems = { [TableName]: { Keys: [item('a')] } };
  await expect(reader.send(new BatchGetCommand({ RequestItems }))).rejects.toThrow(
    /not authorized to perform: dynamodb:BatchGetItem/,
  );
});
