import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AwsError } from '../service.ts';
import { transaction } from '../transaction.ts';
import type { DynamoDbEngine } from './engine.ts';

const creationMilliseconds = 10_000;

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const indexSchema = z.strictObject({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.strictObject({
    ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
    NonKeyAttributes: z.array(z.string()).optional(),
  }),
});

/** What a table is made of: the members of CreateTable. */
export const tableSchema = z.object({
  TableName: z.string(),
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z.array(indexSchema).optional(),
});
export type TableDefinition = z.infer<typeof tableSchema>;

const item = z.record(z.string(), z.unknown());
const page = z.object({ Items: z.array(item), LastEvaluatedKey: item.optional() });
const description = z.object({
  Table: z.object({
    ...tableSchema.shape,
    TableStatus: z.string(),
    // dynalite says more of an index than CreateTable takes.
    GlobalSecondaryIndexes: z.array(indexSchema.loose()).optional(),
  }),
});

/** Every item of a table, page by page. */
export async function* scan(engine: DynamoDbEngine, input: { TableName: string } & Record<string, unknown>) {
  let ExclusiveStartKey: z.infer<typeof item> | undefined;
  do {
    const { Items, LastEvaluatedKey } = page.parse(await engine.call('Scan', { ...input, ExclusiveStartKey }));
    yield* Items;
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/**
 * Makes a table as the template declares it, or brings the one that is there up to date. dynalite cannot add an index to a table,
 * so the table is recreated for that: meanwhile its items are in the account's database, where a killed process leaves them for
 * the next one.
 */
export async function ensureTable(
  engine: DynamoDbEngine,
  database: DatabaseSync,
  wanted: TableDefinition,
): Promise<void> {
  database.exec('create table if not exists dynamodb_moving (table_name text not null, item text not null) strict');
  const moving = database.prepare('select item from dynamodb_moving where table_name = ?');
  const { TableName } = wanted;

  const there = await describe(engine, TableName);
  if (there && moving.get(TableName) === undefined) {
    if (sameKeys(there, wanted)) return;
    if (JSON.stringify(there.KeySchema) !== JSON.stringify(wanted.KeySchema)) {
      throw new AwsError('ValidationException', `The key of the table ${TableName} cannot be changed.`);
    }
    const items: unknown[] = [];
    for await (const found of scan(engine, { TableName })) items.push(found);
    transaction(database, () => {
      const keep = database.prepare('insert into dynamodb_moving values (?, ?)');
      for (const Item of items) keep.run(TableName, JSON.stringify(Item));
    });
  }
  if (there && !sameKeys(there, wanted)) {
    await engine.call('DeleteTable', { TableName });
    while (await describe(engine, TableName)) await sleep(5);
  }
  if (!there || !sameKeys(there, wanted)) {
    await engine.call('CreateTable', { ...wanted, BillingMode: 'PAY_PER_REQUEST' });
  }
  await untilActive(engine, TableName);
  for (const row of moving.all(TableName))
    await engine.call('PutItem', { TableName, Item: JSON.parse(String(row.item)) });
  database.prepare('delete from dynamodb_moving where table_name = ?').run(TableName);
}

/**
 * A new table is active after some milliseconds; one whose making was cut off by a kill never is, and has no items yet.
 * @throws AwsError that says how to go on
 */
async function untilActive(engine: DynamoDbEngine, TableName: string): Promise<void> {
  const deadline = performance.now() + creationMilliseconds;
  while ((await describe(engine, TableName))?.TableStatus !== 'ACTIVE') {
    if (performance.now() > deadline) {
      throw new AwsError(
        'InternalServerError',
        `The table ${TableName} was cut off while it was made. Nothing is in it yet: remove the folder "dynamodb" of the data folder and start again.`,
        500,
      );
    }
    await sleep(5);
  }
}

async function describe(engine: DynamoDbEngine, TableName: string) {
  try {
    return description.parse(await engine.call('DescribeTable', { TableName })).Table;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

function sameKeys(a: TableDefinition, b: TableDefinition): boolean {
  const shape = ({ KeySchema, GlobalSecondaryIndexes = [] }: TableDefinition) =>
    JSON.stringify([
      KeySchema,
      GlobalSecondaryIndexes.map(({ IndexName, KeySchema: keys, Projection }) =>
        JSON.stringify([IndexName, keys, Projection.ProjectionType, Projection.NonKeyAttributes]),
      ).sort(),
    ]);
  return shape(a) === shape(b);
}

/**
 * Removes what has outlived its time-to-live attribute, which holds seconds since 1970. AWS takes up to days for it and leaves alone
 * items that are more than five years old, since such a value is hardly meant.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
export async function removeExpired(
  engine: DynamoDbEngine,
  { TableName, KeySchema }: TableDefinition,
  attribute: string,
): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const expired = {
    TableName,
    ExpressionAttributeNames: { '#expiry': attribute },
    ExpressionAttributeValues: { ':now': { N: String(now) }, ':oldest': { N: String(now - 5 * 365 * 86_400) } },
  };
  const condition = '#expiry < :now and #expiry > :oldest';
  for await (const found of scan(engine, { ...expired, FilterExpression: condition })) {
    const Key = Object.fromEntries(KeySchema.map(({ AttributeName }) => [AttributeName, found[AttributeName]]));
    try {
      await engine.call('DeleteItem', { ...expired, Key, ConditionExpression: condition });
    } catch (error) {
      // Another caller has extended its life in the meantime.
      if (!(error instanceof AwsError && error.code === 'ConditionalCheckFailedException')) throw error;
    }
  }
}
