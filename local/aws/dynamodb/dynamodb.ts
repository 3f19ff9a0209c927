import { join } from 'node:path';
import { setInterval } from 'node:timers';
import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, operation, type Permission, resourceType, type Service } from '../service.ts';
import { attributesOf, leadingKeysOf } from './attributes.ts';
import { type DynamoDbEngine, startDynamoDbEngine } from './engine.ts';
import { repairIndexes } from './index-repair.ts';
import { ensureTable, removeExpired, type TableDefinition, tableSchema } from './table.ts';

interface Table {
  definition: TableDefinition;
  timeToLive: string | undefined;
}

const tableInput = z.looseObject({ TableName: z.string(), IndexName: z.string().optional() });
const batchInput = z.looseObject({ RequestItems: z.record(z.string(), z.unknown()) });
type Item = Record<string, unknown>;
const item = z.record(z.string(), z.unknown()).optional();
const writeInput = tableInput.extend({
  Key: item,
  Item: item,
  ReturnValuesOnConditionCheckFailure: z.string().optional(),
});

const expirySweepMs = 30_000;

/** DynamoDB: dynalite holds the items, this decides who may touch which table. Transactions, streams and backups are not there. */
export function createDynamodb(account: Account): Service {
  const tables = new Map<string, Table>();
  let starting: Promise<DynamoDbEngine> | undefined;
  let sweep: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  const engine = () => {
    starting ??= startDynamoDbEngine(join(account.dataFolder, 'dynamodb'));
    return starting;
  };
  const call = async (action: string, input: object) => (await engine()).call(action, input);
  const arnOf = (name: string) => `arn:aws:dynamodb:${account.region}:${account.id}:table/${name}`;
  /** A table may be called by its ARN. */
  const nameOf = (table: string) => table.replace(/^arn:aws:dynamodb:[^:]*:\d+:table\//, '');

  const permission = (action: string, resource: string, requests: readonly Item[]): Permission => {
    const table = tables.get(/table\/([^/]+)/.exec(resource)?.[1] ?? '');
    const keys = requests.flatMap((request) => leadingKeysOf(request, table?.definition.KeySchema ?? []));
    const context: Record<string, string[]> = { 'dynamodb:Attributes': requests.flatMap(attributesOf) };
    // Where a call names none, the condition key is not there.
    if (keys.length > 0) context['dynamodb:LeadingKeys'] = keys;
    return { action: `dynamodb:${action}`, resource, context };
  };

  const reading = (action: string) =>
    operation({
      input: tableInput,
      permissions: (input) => {
        const { TableName, IndexName } = input;
        const table = arnOf(nameOf(TableName));
        return [permission(action, IndexName === undefined ? table : `${table}/index/${IndexName}`, [input])];
      },
      handle: (input) => call(action, { ...input, TableName: nameOf(input.TableName) }),
    });

  const writing = (action: string) =>
    operation({
      input: writeInput,
      permissions: (input) => [permission(action, arnOf(nameOf(input.TableName)), [input])],
      async handle({ ReturnValuesOnConditionCheckFailure: onFailure, ...input }) {
        const TableName = nameOf(input.TableName);
        try {
          const { Attributes, ...output } = await call(action, { ...input, TableName });
          // dynalite sends an empty object where DynamoDB sends nothing.
          return Object.keys(Attributes ?? {}).length === 0 ? output : { Attributes, ...output };
        } catch (error) {
          const failed = error instanceof AwsError && error.code === 'ConditionalCheckFailedException';
          if (!failed || onFailure !== 'ALL_OLD') throw error;
          // dynalite does not know the option. The item is read after the condition has failed, so it may be a later one.
          const Key = keyOf(TableName, input.Key ?? input.Item ?? {});
          const { Item } = await call('GetItem', { TableName, Key, ConsistentRead: true });
          throw new AwsError(error.code, error.message, error.statusCode, { Item });
        }
      },
    });

  const batch = (action: string) =>
    operation({
      input: batchInput,
      permissions: ({ RequestItems }) =>
        Object.entries(RequestItems).map(([table, items]) =>
          permission(action, arnOf(nameOf(table)), requestsIn(items)),
        ),
      handle: (input) =>
        call(action, {
          ...input,
          RequestItems: Object.fromEntries(
            Object.entries(input.RequestItems).map(([table, items]) => [nameOf(table), items]),
          ),
        }),
    });

  const keyOf = (TableName: string, from: Item): Item => {
    const names = tables.get(TableName)?.definition.KeySchema.map(({ AttributeName }) => AttributeName) ?? [];
    return Object.fromEntries(names.map((name) => [name, from[name]]));
  };

  const operations = {
    GetItem: reading('GetItem'),
    Query: reading('Query'),
    Scan: reading('Scan'),
    PutItem: writing('PutItem'),
    UpdateItem: writing('UpdateItem'),
    DeleteItem: writing('DeleteItem'),
    BatchGetItem: batch('BatchGetItem'),
    BatchWriteItem: batch('BatchWriteItem'),
    DescribeTable: operation({
      input: tableInput,
      permissions: ({ TableName }) => [{ action: 'dynamodb:DescribeTable', resource: arnOf(nameOf(TableName)) }],
      async handle({ TableName }) {
        const output = await call('DescribeTable', { TableName: nameOf(TableName) });
        // dynalite has an account of its own.
        return JSON.parse(JSON.stringify(output).replace(/arn:aws:dynamodb:[^:"]*:\d+:table\//g, arnOf('')));
      },
    }),
    ListTables: operation({
      input: z.looseObject({}),
      permissions: () => [{ action: 'dynamodb:ListTables', resource: '*' }],
      handle: (input) => call('ListTables', input),
    }),
  };

  const globalTable = resourceType({
    properties: tableSchema
      .extend({ TableName: z.string().optional() })
      .extend({
        BillingMode: z.literal('PAY_PER_REQUEST'),
        TimeToLiveSpecification: z
          .strictObject({ AttributeName: z.string().optional(), Enabled: z.boolean() })
          .optional(),
        // One machine keeps one copy. The other properties here protect or bill the copy and have no effect.
        Replicas: z
          .array(
            z.strictObject({
              Region: z.string(),
              GlobalSecondaryIndexes: z.unknown().optional(),
              PointInTimeRecoverySpecification: z.unknown().optional(),
              Tags: z.unknown().optional(),
            }),
          )
          .length(1),
      })
      .strict(),
    async create({ properties, ...resource }) {
      const definition: TableDefinition = {
        TableName: properties.TableName ?? physicalName(resource, 255),
        AttributeDefinitions: properties.AttributeDefinitions,
        KeySchema: properties.KeySchema,
        GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
      };
      const database = await engine();
      await ensureTable(database, account.database, definition);
      // It reads all items, of which there may be millions.
      if (!database.wasStopped) await repairIndexes(database, definition);
      const { TimeToLiveSpecification: timeToLive } = properties;
      tables.set(definition.TableName, {
        definition,
        timeToLive: timeToLive?.Enabled ? timeToLive.AttributeName : undefined,
      });
      return {
        ref: definition.TableName,
        attributes: { Arn: arnOf(definition.TableName), TableName: definition.TableName },
      };
    },
  });

  const removeAllExpired = async (): Promise<void> => {
    for (const { definition, timeToLive } of tables.values()) {
      if (timeToLive !== undefined) await removeExpired(await engine(), definition, timeToLive);
    }
  };

  return {
    signingName: 'dynamodb',
    protocol: 'json-1.0',
    operations,
    resources: { 'AWS::DynamoDB::GlobalTable': globalTable },
    start() {
      const run = () => {
        sweeping = sweeping
          .then(removeAllExpired)
          .catch((error: Error) => account.log('dynamodb', `Expiry: ${error.message}`));
      };
      sweep = setInterval(run, expirySweepMs);
      run();
    },
    async stop() {
      clearInterval(sweep);
      await sweeping;
      await (await starting)?.stop();
    },
  };
}

/** The single requests of a batch: `[{PutRequest: {Item}}, {DeleteRequest: {Key}}]`, or `{Keys: [...]}` of a batch of reads. */
function requestsIn(items: unknown): Item[] {
  if (Array.isArray(items)) return items.flatMap((request: Item) => Object.values(request) as Item[]);
  const { Keys = [], ...rest } = items as Item & { Keys?: Item[] };
  return [rest, ...Keys.map((Key) => ({ Key }))];
}
