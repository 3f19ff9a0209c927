import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { startHost } from './http.ts';
import { createInMemoryDynamoDb, type InMemoryDynamoDb } from './in-memory-dynamodb.ts';

interface Table {
  name: string;
  key: string;
  sortKey?: string;
  indexes?: Record<string, { partition: string; sort?: string }>;
}

/** Slipway's own tables, as infra/state.ts has them. */
export const stateTables: Table[] = [
  {
    name: 'projects',
    key: 'name',
    indexes: {
      byName: { partition: 'listed', sort: 'name' },
      byJob: { partition: 'listed', sort: 'jobId' },
      bySource: { partition: 'source' },
      byDueTime: { partition: 'scheduled', sort: 'dueAt' },
      byWaiverExpiry: { partition: 'excepting', sort: 'warnAt' },
      byVisibility: { partition: 'visibility', sort: 'name' },
    },
  },
  {
    name: 'builds',
    key: 'id',
    indexes: {
      byProject: { partition: 'project', sort: 'createdAt' },
      byMonth: { partition: 'month', sort: 'createdAt' },
      byCommit: { partition: 'shortCommit', sort: 'createdAt' },
      byStatus: { partition: 'status', sort: 'createdAt' },
      byOutcome: { partition: 'outcome', sort: 'createdAt' },
    },
  },
  { name: 'bases', key: 'image' },
  { name: 'deliveries', key: 'delivery', indexes: { byMonth: { partition: 'month', sort: 'handledAt' } } },
  { name: 'heads', key: 'project', sortKey: 'ref' },
  { name: 'sources', key: 'source', indexes: { byFailure: { partition: 'failing', sort: 'source' } } },
  { name: 'dependents', key: 'image', sortKey: 'project' },
  {
    name: 'cascades',
    key: 'id',
    sortKey: 'member',
    indexes: { byStart: { partition: 'listed', sort: 'startedAt' }, byOpen: { partition: 'open', sort: 'since' } },
  },
  {
    name: 'releases',
    key: 'project',
    sortKey: 'digest',
    indexes: {
      byProject: { partition: 'project', sort: 'releasedAt' },
      byDigest: { partition: 'digest' },
      byDueTime: { partition: 'rescan', sort: 'dueAt' },
    },
  },
  {
    name: 'targets',
    key: 'project',
    sortKey: 'target',
    indexes: { byDueTime: { partition: 'due', sort: 'dueAt' } },
  },
  {
    name: 'urlNotifications',
    key: 'project',
    sortKey: 'id',
    indexes: { byDueTime: { partition: 'due', sort: 'dueAt' } },
  },
  { name: 'mails', key: 'mail' },
  { name: 'addresses', key: 'address', indexes: { byFailure: { partition: 'failing', sort: 'failedAt' } } },
];

/** A DynamoDB in memory with the given tables; every key is a text. */
export function createTables(tables: Table[]): DynamoDBDocumentClient {
  return documentsOf(createInMemoryDynamoDb(tables.map(definition)));
}

/** The same behind an address, for what makes its client itself. */
export async function startTables(tables: Table[]) {
  const database = createInMemoryDynamoDb(tables.map(definition));
  const host = await startHost(async ({ headers, body }, response) => {
    const answer = await database.answer(headers, Buffer.from(body));
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  });
  return {
    client: documentsOf(database),
    url: host.url,
    requests: host.requests,
    stop: () => host[Symbol.asyncDispose](),
  };
}

function documentsOf({ client }: InMemoryDynamoDb): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

function definition({ name, key, sortKey, indexes = {} }: Table): CreateTableCommandInput {
  const attributes = new Set([
    key,
    ...(sortKey ? [sortKey] : []),
    ...Object.values(indexes).flatMap(({ partition, sort }) => (sort ? [partition, sort] : [partition])),
  ]);
  const schema = (partition: string, sort?: string) => [
    { AttributeName: partition, KeyType: 'HASH' as const },
    ...(sort ? [{ AttributeName: sort, KeyType: 'RANGE' as const }] : []),
  ];
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: schema(key, sortKey),
    ...(Object.keys(indexes).length > 0
      ? {
          GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, { partition, sort }]) => ({
            IndexName,
            KeySchema: schema(partition, sort),
            Projection: { ProjectionType: 'ALL' as const },
          })),
        }
      : {}),
  };
}
