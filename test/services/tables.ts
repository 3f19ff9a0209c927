import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type TableKeys, tableKeys } from '../../services/tables/keys.ts';
import { startHost } from './http.ts';
import { createInMemoryDynamoDb, type InMemoryDynamoDb } from './in-memory-dynamodb.ts';

type Tables = Readonly<Record<string, TableKeys>>;

/** A DynamoDB in memory with these tables. */
export function createTables(tables: Tables = tableKeys): DynamoDBDocumentClient {
  return documentsOf(createInMemoryDynamoDb(Object.entries(tables).map(definition)));
}

/** The same behind an address, for what makes its client itself. */
export async function startTables(tables: Tables = tableKeys) {
  const database = createInMemoryDynamoDb(Object.entries(tables).map(definition));
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

function definition([name, { key, sortKey, indexes = {} }]: [string, TableKeys]): CreateTableCommandInput {
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
