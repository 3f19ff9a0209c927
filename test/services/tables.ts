import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';

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
      bySource: { partition: 'source' },
      byDueTime: { partition: 'scheduled', sort: 'dueAt' },
      byExceptionEnd: { partition: 'excepting', sort: 'warnAt' },
    },
  },
  {
    name: 'builds',
    key: 'id',
    indexes: {
      byProject: { partition: 'project', sort: 'createdAt' },
      byMonth: { partition: 'month', sort: 'createdAt' },
      byStatus: { partition: 'status', sort: 'createdAt' },
    },
  },
  { name: 'bases', key: 'image' },
  { name: 'deliveries', key: 'delivery' },
  { name: 'heads', key: 'project', sortKey: 'ref' },
  { name: 'sources', key: 'source' },
  { name: 'dependents', key: 'image', sortKey: 'project' },
  {
    name: 'cascades',
    key: 'id',
    sortKey: 'member',
    indexes: { byMonth: { partition: 'month', sort: 'startedAt' }, byOpen: { partition: 'open', sort: 'since' } },
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
];

/** A DynamoDB in memory with the given tables; every key is a text. */
export async function startTables(
  tables: Table[],
): Promise<{ client: DynamoDBDocumentClient; stop: () => Promise<void> }> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address();
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const patience = { client, maxWaitTime: 10, minDelay: 0.005, maxDelay: 0.02 };
  await Promise.all(
    tables.map(async (table) => {
      await client.send(new CreateTableCommand(definition(table)));
      await waitUntilTableExists(patience, { TableName: table.name });
    }),
  );
  return {
    client: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
    stop: () =>
      new Promise((resolve) => {
        client.destroy();
        server.close(() => resolve());
      }),
  };
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
