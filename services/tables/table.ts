import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  paginateScan,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { readItems, writeItems } from './batches.ts';
import { type Change, type Expression, Placeholders } from './expression.ts';
import { decodeCursor, encodeCursor, invalidCursor, type Page, type PageRequest } from './page.ts';

type Key = Record<string, string>;
type Item = Record<string, unknown>;

interface Selection {
  /** Only these attributes. */
  fields?: readonly string[];
  /** Not possible for an index, which gets every write a little later. */
  consistent?: boolean;
}

export interface Filter {
  condition: Expression;
  /** The attributes that are a position in the list: the keys of the index and of the table. */
  position: readonly string[];
}

interface Query extends Selection {
  index?: string;
  /** The partition, and the range in it. */
  keys: Expression;
  filter?: Filter | undefined;
  newestFirst?: boolean;
}

const positionSchema = z.record(z.string(), z.string());

/** However few items the filter keeps, one page of a list costs at most this many queries, of so many items each. */
const mostQueries = 4;
const filteredAtOnce = 100;

/** The operations that all tables share: read and parse, write on a condition, read page by page. */
export function tableOf(client: DynamoDBDocumentClient, name: string) {
  const when = (condition: Expression | undefined, placeholders = new Placeholders()) => ({
    TableName: name,
    ConditionExpression: condition && placeholders.text(condition),
    ...placeholders.attributes,
  });

  function change(Key: Key, what: Change, condition: Expression | undefined, ReturnValues: 'ALL_NEW' | 'NONE') {
    const placeholders = new Placeholders();
    const UpdateExpression = placeholders.change(what);
    const command = new UpdateCommand({ Key, UpdateExpression, ReturnValues, ...when(condition, placeholders) });
    return ifConditionHolds(client.send(command));
  }

  function select({ fields, consistent }: Selection, placeholders: Placeholders) {
    return {
      TableName: name,
      ProjectionExpression: fields?.map((field) => placeholders.name(field)).join(', '),
      ConsistentRead: consistent,
    };
  }

  function query({ index, keys, filter, newestFirst = false, ...selection }: Query) {
    const placeholders = new Placeholders();
    return {
      ...select(selection, placeholders),
      IndexName: index,
      KeyConditionExpression: placeholders.text(keys),
      FilterExpression: filter && placeholders.text(filter.condition),
      ScanIndexForward: !newestFirst,
      ...placeholders.attributes,
    };
  }

  async function* pages<Record>(of: Query, schema: z.ZodType<Record>): AsyncGenerator<Record[]> {
    for await (const { Items = [] } of paginateQuery({ client }, query(of)))
      yield Items.map((item) => schema.parse(item));
  }

  async function* scan<Record>(selection: Selection, schema: z.ZodType<Record>): AsyncGenerator<Record> {
    const placeholders = new Placeholders();
    const input = { ...select(selection, placeholders), ...placeholders.attributes };
    for await (const { Items = [] } of paginateScan({ client }, input))
      for (const item of Items) yield schema.parse(item);
  }

  return {
    async get<Record>(key: Key, schema: z.ZodType<Record>): Promise<Record | undefined> {
      const { Item } = await client.send(new GetCommand({ TableName: name, Key: key, ConsistentRead: true }));
      return Item && schema.parse(Item);
    },

    /** The items that exist, in no order. */
    async getMany<Record>(
      keys: readonly Key[],
      schema: z.ZodType<Record>,
      { consistent = true } = {},
    ): Promise<Record[]> {
      return (await readItems(client, name, keys, consistent)).map((item) => schema.parse(item));
    },

    /** Each page as it is read. */
    pages,

    /** All items of the table, page by page. */
    scan,

    async all<Record>(of: Query, schema: z.ZodType<Record>): Promise<Record[]> {
      const records: Record[] = [];
      for await (const page of pages(of, schema)) records.push(...page);
      return records;
    },

    /**
     * At most `limit` items. A page may have fewer, or none, although the list goes on: it ends where the cursor is absent.
     * @throws InvalidInputError for a cursor that no list returned
     */
    async page<Record>(of: Query, { limit, cursor }: PageRequest, schema: z.ZodType<Record>): Promise<Page<Record>> {
      const input = query(of);
      const found: Item[] = [];
      let start = cursor === undefined ? undefined : decodeCursor(positionSchema, cursor);
      for (let queries = 0; queries < mostQueries; queries++) {
        // DynamoDB's limit also counts the items that the filter drops.
        const Limit = of.filter ? filteredAtOnce : limit - found.length;
        const { Items = [], LastEvaluatedKey } = await client
          .send(new QueryCommand({ ...input, Limit, ExclusiveStartKey: start }))
          .catch((error: Error) => {
            const isWrongStart = queries === 0 && cursor !== undefined && error.name === 'ValidationException';
            throw isWrongStart ? invalidCursor(error) : error;
          });
        found.push(...Items);
        start = LastEvaluatedKey && positionSchema.parse(LastEvaluatedKey);
        if (!start || found.length >= limit) break;
      }
      const items = found.slice(0, limit);
      const last = items.at(-1);
      if (of.filter && last && found.length > limit) {
        start = positionSchema.parse(Object.fromEntries(of.filter.position.map((name) => [name, last[name]])));
      }
      return { items: items.map((item) => schema.parse(item)), cursor: start && encodeCursor(start) };
    },

    /** False if the condition does not hold: then nothing is written. */
    async put(item: Item, condition?: Expression): Promise<boolean> {
      return (await ifConditionHolds(client.send(new PutCommand({ Item: item, ...when(condition) })))) !== undefined;
    },

    /** Writes items and overwrites existing ones. */
    putMany: (items: readonly Item[]): Promise<void> => writeItems(client, name, items),

    /** False if the condition does not hold: then nothing is changed. If there is no item, the change creates one. */
    async update(key: Key, what: Change, condition?: Expression): Promise<boolean> {
      return (await change(key, what, condition, 'NONE')) !== undefined;
    },

    /** Like `update`, but returns the item after the change; undefined if the condition does not hold. */
    async updateAndGet<Record>(
      key: Key,
      what: Change,
      condition: Expression | undefined,
      schema: z.ZodType<Record>,
    ): Promise<Record | undefined> {
      const answer = await change(key, what, condition, 'ALL_NEW');
      return answer && schema.parse(answer.Attributes);
    },

    /** False if the condition does not hold: then the item stays. */
    async delete(key: Key, condition?: Expression): Promise<boolean> {
      return (await ifConditionHolds(client.send(new DeleteCommand({ Key: key, ...when(condition) })))) !== undefined;
    },
  };
}

/** The answer to a conditional write; undefined if its condition did not hold. */
async function ifConditionHolds<Answer>(write: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

export type Table = ReturnType<typeof tableOf>;

/** The time from which DynamoDB may delete an item, in seconds since 1970: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html */
export const expiryAfter = (days: number, now = new Date()) => Math.floor(now.getTime() / 1000) + days * 86_400;
