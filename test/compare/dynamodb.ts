import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Case, Side } from './side.ts';

const clients = new Map<Side, DynamoDBClient>();

function client(side: Side): DynamoDBClient {
  const known = clients.get(side) ?? new DynamoDBClient(side.settings);
  clients.set(side, known);
  return known;
}

const TableName = 'builds';
const definition = {
  TableName,
  BillingMode: 'PAY_PER_REQUEST' as const,
  AttributeDefinitions: ['id', 'status', 'createdAt'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S' as const,
  })),
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byStatus',
      KeySchema: [
        { AttributeName: 'status', KeyType: 'HASH' as const },
        { AttributeName: 'createdAt', KeyType: 'RANGE' as const },
      ],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
};

export async function prepareDynamodb(side: Side): Promise<void> {
  const service = side.host?.services.find(({ signingName }) => signingName === 'dynamodb');
  if (service)
    await side.host?.declare(service, 'AWS::DynamoDB::GlobalTable', 'Builds', {
      ...definition,
      Replicas: [{ Region: 'us-east-1' }],
    });
  else await client(side).send(new CreateTableCommand(definition));
}

const Key = { id: { S: 'a' } };
const names = { '#status': 'status' };
const update = (name: string, input: object, because?: string): Case => ({
  name: `UpdateItem ${name}`,
  ...(because !== undefined && { because }),
  call: (side) => client(side).send(new UpdateItemCommand({ TableName, Key, ...input })),
});

const counted = 'since its version 5.2 moto puts the number of errors before the sentence';

export const dynamodbCases: Case[] = [
  {
    name: 'PutItem',
    call: (side) =>
      client(side).send(
        new PutItemCommand({
          TableName,
          Item: {
            ...Key,
            status: { S: 'queued' },
            createdAt: { S: '2026-01-01' },
            list: { L: [{ N: '1.5' }, { NULL: true }] },
            map: { M: { x: { BOOL: true } } },
          },
        }),
      ),
  },
  { name: 'GetItem', call: (side) => client(side).send(new GetItemCommand({ TableName, Key, ConsistentRead: true })) },
  {
    name: 'GetItem of none',
    call: (side) => client(side).send(new GetItemCommand({ TableName, Key: { id: { S: 'none' } } })),
  },
  {
    name: 'PutItem if not there',
    call: (side) =>
      client(side).send(new PutItemCommand({ TableName, Item: Key, ConditionExpression: 'attribute_not_exists(id)' })),
  },
  {
    name: 'PutItem if not there, with what is',
    call: (side) =>
      client(side).send(
        new PutItemCommand({
          TableName,
          Item: Key,
          ConditionExpression: 'attribute_not_exists(id)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
  },
  update('SET with a condition', {
    UpdateExpression: 'SET #status = :new, updated = if_not_exists(updated, :zero) + :one',
    ConditionExpression: '#status IN (:old, :other)',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: {
      ':new': { S: 'building' },
      ':old': { S: 'queued' },
      ':other': { S: 'x' },
      ':zero': { N: '0' },
      ':one': { N: '1' },
    },
    ReturnValues: 'ALL_NEW',
  }),
  update('against its condition', {
    UpdateExpression: 'SET #status = :new',
    ConditionExpression: '#status = :old',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ':new': { S: 'x' }, ':old': { S: 'queued' } },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }),
  update('ADD to a set', {
    UpdateExpression: 'ADD tags :tags',
    ExpressionAttributeValues: { ':tags': { SS: ['b', 'a'] } },
    ReturnValues: 'UPDATED_NEW',
  }),
  update('ADD to the set again', {
    UpdateExpression: 'ADD tags :tags',
    ExpressionAttributeValues: { ':tags': { SS: ['a', 'c'] } },
    ReturnValues: 'UPDATED_NEW',
  }),
  update('DELETE from the set', {
    UpdateExpression: 'DELETE tags :tags',
    ExpressionAttributeValues: { ':tags': { SS: ['a'] } },
    ReturnValues: 'UPDATED_NEW',
  }),
  update('if the set has it', {
    UpdateExpression: 'SET seen = :yes',
    ConditionExpression: 'contains(tags, :tag) AND size(tags) = :two',
    ExpressionAttributeValues: { ':tag': { S: 'b' }, ':two': { N: '2' }, ':yes': { BOOL: true } },
    ReturnValues: 'UPDATED_OLD',
  }),
  update('inside a map', {
    UpdateExpression: 'SET #map.#y = :y REMOVE #map.#x, #list[0]',
    ExpressionAttributeNames: { '#map': 'map', '#x': 'x', '#y': 'y', '#list': 'list' },
    ExpressionAttributeValues: { ':y': { S: 'new' } },
    ReturnValues: 'ALL_NEW',
  }),
  update('inside a map that is not there', {
    UpdateExpression: 'SET #none.#y = :y',
    ExpressionAttributeNames: { '#none': 'none', '#y': 'y' },
    ExpressionAttributeValues: { ':y': { S: 'new' } },
  }),
  update('with a list_append', {
    UpdateExpression: 'SET #list = list_append(#list, :more)',
    ExpressionAttributeNames: { '#list': 'list' },
    ExpressionAttributeValues: { ':more': { L: [{ S: 'x' }] } },
    ReturnValues: 'UPDATED_NEW',
  }),
  update(
    'with an unused name',
    {
      UpdateExpression: 'SET a = :a',
      ExpressionAttributeNames: { '#b': 'b' },
      ExpressionAttributeValues: { ':a': { S: 'a' } },
    },
    counted,
  ),
  update('of the key', { UpdateExpression: 'SET id = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } }),
  update(
    'with a syntax error',
    { UpdateExpression: 'SETT id = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } },
    'dynalite has the words of its parser',
  ),
  {
    name: 'Query an index, newest first',
    because: 'with a Limit that is reached DynamoDB gives a key to go on from',
    call: (side) =>
      client(side).send(
        new QueryCommand({
          TableName,
          IndexName: 'byStatus',
          KeyConditionExpression: '#status = :s',
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ':s': { S: 'building' } },
          ScanIndexForward: false,
          Limit: 1,
        }),
      ),
  },
  {
    name: 'Query an index that is not there',
    because: 'DynamoDB has a ValidationException',
    call: (side) =>
      client(side).send(
        new QueryCommand({
          TableName,
          IndexName: 'none',
          KeyConditionExpression: 'a = :s',
          ExpressionAttributeValues: { ':s': { S: 'x' } },
        }),
      ),
  },
  {
    name: 'BatchWriteItem',
    because: 'DynamoDB sends no metrics unasked',
    call: (side) =>
      client(side).send(
        new BatchWriteItemCommand({
          RequestItems: {
            [TableName]: [{ PutRequest: { Item: { id: { S: 'b' } } } }, { DeleteRequest: { Key: { id: { S: 'c' } } } }],
          },
        }),
      ),
  },
  {
    name: 'BatchGetItem',
    call: (side) =>
      client(side).send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [{ id: { S: 'b' } }] } } })),
  },
  {
    name: 'Scan with a filter',
    call: (side) =>
      client(side).send(
        new ScanCommand({
          TableName,
          FilterExpression: 'attribute_exists(seen) AND begins_with(#status, :b)',
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ':b': { S: 'b' } },
        }),
      ),
  },
  {
    name: 'PutItem without its key',
    call: (side) => client(side).send(new PutItemCommand({ TableName, Item: { x: { S: 'x' } } })),
  },
  {
    name: 'PutItem with an empty key',
    because: 'dynalite has the words of DynamoDB',
    call: (side) => client(side).send(new PutItemCommand({ TableName, Item: { id: { S: '' } } })),
  },
  {
    name: 'PutItem with an empty set',
    because: counted,
    call: (side) => client(side).send(new PutItemCommand({ TableName, Item: { ...Key, set: { SS: [] } } })),
  },
  {
    name: 'PutItem of 401 kB',
    call: (side) =>
      client(side).send(new PutItemCommand({ TableName, Item: { ...Key, x: { S: 'x'.repeat(410_000) } } })),
  },
  {
    name: 'PutItem into no table',
    call: (side) => client(side).send(new PutItemCommand({ TableName: 'none', Item: Key })),
  },
  {
    name: 'GetItem by a wrong key',
    call: (side) => client(side).send(new GetItemCommand({ TableName, Key: { other: { S: 'x' } } })),
  },
  {
    name: 'DeleteItem with what it was',
    call: (side) =>
      client(side).send(new DeleteItemCommand({ TableName, Key: { id: { S: 'b' } }, ReturnValues: 'ALL_OLD' })),
  },
  {
    name: 'DescribeTable',
    call: (side) => client(side).send(new DescribeTableCommand({ TableName })),
    because: 'dynalite counts and describes less',
  },
];
