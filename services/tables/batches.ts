import { setTimeout as delay } from 'node:timers/promises';
import { BatchGetCommand, BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { inBatches, mapConcurrently } from '../../core/concurrency.ts';
import { UpstreamError } from '../../core/model/errors.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const mostRead = 100;
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const mostWritten = 25;
const batchesAtOnce = 8;
/** What a throttled table does not process is tried again with growing pauses: about 12 s in all. */
const attempts = 10;

type Key = Record<string, string>;

/** The items that exist for the keys, in no order. No key may be given twice. */
export async function readItems(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
  ConsistentRead: boolean,
): Promise<Record<string, unknown>[]> {
  const parts = await mapConcurrently(inBatches(keys, mostRead), batchesAtOnce, async (part) => {
    const items: Record<string, unknown>[] = [];
    await untilDone(part, async (left) => {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetCommand({ RequestItems: { [table]: { Keys: left, ConsistentRead } } }),
      );
      items.push(...(Responses?.[table] ?? []));
      return (UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
    });
    return items;
  });
  return parts.flat();
}

/** Writes items and overwrites existing ones. */
export async function writeItems(
  client: DynamoDBDocumentClient,
  table: string,
  items: readonly Record<string, unknown>[],
): Promise<void> {
  await mapConcurrently(inBatches(items, mostWritten), batchesAtOnce, (part) =>
    untilDone(part, async (left) => {
      const { UnprocessedItems } = await client.send(
        new BatchWriteCommand({ RequestItems: { [table]: left.map((Item) => ({ PutRequest: { Item } })) } }),
      );
      return (UnprocessedItems?.[table] ?? []).flatMap(({ PutRequest }) => PutRequest?.Item ?? []);
    }),
  );
}

/** A batch may succeed in part: DynamoDB then returns what it did not process, with a success. */
async function untilDone<Item>(items: Item[], attempt: (left: Item[]) => Promise<Item[]>): Promise<void> {
  let left = items;
  for (let count = 0; left.length > 0; count++) {
    if (count === attempts) throw new UpstreamError(`DynamoDB left ${left.length} items of a batch unprocessed.`);
    if (count > 0) await delay(Math.min(25 * 2 ** count, 2000) * (0.5 + Math.random() / 2));
    left = await attempt(left);
  }
}
