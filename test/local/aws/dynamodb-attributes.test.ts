import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamodb } from '../../../local/aws/dynamodb/dynamodb.ts';
import { createIam } from '../../../local/aws/iam/iam.ts';
import type { Service } from '../../../local/aws/service.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let client: DynamoDBDocumentClient;

beforeAll(async () => {
  host = await hostEndpoint((opened) => [createIam(opened), createDynamodb(opened)]);
  const [iam, dynamodb] = host.services as [Service, Service];
  await host.declare(dynamodb, 'AWS::DynamoDB::GlobalTable', 'Builds', {
    TableName: 'builds',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    Replicas: [{ Region: 'us-east-1' }],
  });
  const arn = await declareRole(host, iam, 'Writer', [
    {
      Effect: 'Allow',
      Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:BatchWriteItem'],
      Resource: '*',
      Condition: {
        'ForAllValues:StringNotEquals': { 'dynamodb:Attributes': ['verdict', 'image'] },
        Null: { 'dynamodb:Attributes': 'false' },
      },
    },
    { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: '*' },
  ]);
  client = DynamoDBDocumentClient.from(new DynamoDBClient(host.as(host.account.iam.keysOf(arn))));
});
afterAll(() => host[Symbol.asyncDispose]());

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'allowed',
    (error: Error) => error.name,
  );
const update = (input: Partial<UpdateCommandInput>) =>
  outcome(client.send(new UpdateCommand({ TableName: 'builds', Key: { id: '1' }, ...input })));
const value = { ':v': 'x' };

describe('a policy that keeps attributes from a writer', () => {
  test('lets through what names others', async () => {
    expect(await update({ UpdateExpression: 'SET outcome = :v', ExpressionAttributeValues: value })).toBe('allowed');
    // Neither a part of a map nor a value is the attribute of that name.
    const map = { ':v': {} };
    expect(await update({ UpdateExpression: 'SET stages = :v', ExpressionAttributeValues: map })).toBe('allowed');
    expect(
      await update({
        UpdateExpression: 'SET stages.verdict = if_not_exists(stages.image, :verdict)',
        ConditionExpression: 'attribute_exists(id) AND NOT outcome IN (:verdict, :image)',
        ExpressionAttributeValues: { ':verdict': 'verdict', ':image': 'image' },
      }),
    ).toBe('allowed');
    expect(await outcome(client.send(new PutCommand({ TableName: 'builds', Item: { id: '2' } })))).toBe('allowed');
    expect(await outcome(client.send(new GetCommand({ TableName: 'builds', Key: { id: '2' } })))).toBe('allowed');
  });

  test.each<[string, Partial<UpdateCommandInput>]>([
    ['by its name', { UpdateExpression: 'SET verdict = :v', ExpressionAttributeValues: value }],
    ['by a placeholder', placeholder('verdict', 'SET #a = :v')],
    ['by a part of it', placeholder('image', 'SET #a.digest = :v')],
    ['beside others', placeholder('verdict', 'SET outcome = :v, #a.counts[0] = :v')],
    ['in an expression without blanks', placeholder('image', 'SET outcome=:v,#a=:v')],
    ['by removing it', { UpdateExpression: 'SET outcome = :v REMOVE image', ExpressionAttributeValues: value }],
    ['by a copy of it', placeholder('image', 'SET outcome = if_not_exists(#a, :v)')],
    [
      'in a condition',
      { UpdateExpression: 'SET outcome = :v', ConditionExpression: 'verdict = :v', ExpressionAttributeValues: value },
    ],
    ['by the parameter of former years', { AttributeUpdates: { verdict: { Action: 'PUT', Value: 'x' } } }],
  ])('does not let through a change %s', async (_name, input) => {
    expect(await update(input)).toBe('AccessDeniedException');
  });

  test('does not let through an item that has one, alone or in a batch', async () => {
    const Item = { id: '3', verdict: 'pass' };
    expect(await outcome(client.send(new PutCommand({ TableName: 'builds', Item })))).toBe('AccessDeniedException');
    const batch = (item: object) =>
      outcome(
        client.send(
          new BatchWriteCommand({
            RequestItems: { builds: [{ PutRequest: { Item: { id: '4' } } }, { PutRequest: { Item: item as never } }] },
          }),
        ),
      );
    expect(await batch({ id: '3' })).toBe('allowed');
    expect(await batch(Item)).toBe('AccessDeniedException');
  });
});

function placeholder(name: string, UpdateExpression: string): Partial<UpdateCommandInput> {
  return { UpdateExpression, ExpressionAttributeNames: { '#a': name }, ExpressionAttributeValues: value };
}

test('a policy that leaves a writer some keys lets through items with these alone', async () => {
  const arn = await declareRole(host, host.services[0] as Service, 'Recorder', [
    {
      Effect: 'Allow',
      Action: ['dynamodb:PutItem', 'dynamodb:BatchWriteItem', 'dynamodb:Query'],
      Resource: '*',
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['//commit/*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    },
  ]);
  const recorder = DynamoDBDocumentClient.from(new DynamoDBClient(host.as(host.account.iam.keysOf(arn))));
  const put = (id: string) => outcome(recorder.send(new PutCommand({ TableName: 'builds', Item: { id } })));
  const batch = (...ids: string[]) =>
    outcome(
      recorder.send(
        new BatchWriteCommand({ RequestItems: { builds: ids.map((id) => ({ PutRequest: { Item: { id } } })) } }),
      ),
    );
  expect(await put('//commit/aa')).toBe('allowed');
  expect(await put('//index')).toBe('AccessDeniedException');
  expect(await batch('//commit/aa', '//commit/bb')).toBe('allowed');
  expect(await batch('//commit/aa', '//index')).toBe('AccessDeniedException');
  const KeyConditionExpression = 'id = :id';
  const query = { TableName: 'builds', KeyConditionExpression, ExpressionAttributeValues: { ':id': '//commit/aa' } };
  expect(await outcome(recorder.send(new QueryCommand(query)))).toBe('AccessDeniedException');
});
