import { isDeepStrictEqual } from 'node:util';
import type { DynamoDbEngine } from './engine.ts';
import { scan, type TableDefinition } from './table.ts';

type Item = Record<string, unknown>;

/**
 * Brings the indexes of a table in line with its items. dynalite writes an item's index entries first and the item after them, so a process
 * that was killed in between leaves an index without an entry, or with an entry of a write that was never answered. Only indexes that
 * contain complete items are checked.
 */
export async function repairIndexes(engine: DynamoDbEngine, table: TableDefinition): Promise<void> {
  const { TableName, KeySchema, GlobalSecondaryIndexes = [] } = table;
  const whole = GlobalSecondaryIndexes.filter(({ Projection }) => Projection.ProjectionType === 'ALL');
  if (whole.length === 0) return;

  const keyOf = (item: Item): Item =>
    Object.fromEntries(KeySchema.map(({ AttributeName }) => [AttributeName, item[AttributeName]]));
  const nameOf = (item: Item) => JSON.stringify(keyOf(item));
  const items = new Map<string, Item>();
  for await (const item of scan(engine, { TableName })) items.set(nameOf(item), item);

  /** What the index entries say that should not be there, by item; none where an entry is only missing. */
  const broken = new Map<string, Item[]>();
  for (const { IndexName, KeySchema: indexKeys } of whole) {
    const seen = new Set<string>();
    for await (const entry of scan(engine, { TableName, IndexName })) {
      const name = nameOf(entry);
      if (isDeepStrictEqual(items.get(name), entry)) seen.add(name);
      else broken.set(name, [...(broken.get(name) ?? []), entry]);
    }
    for (const [name, item] of items) {
      const belongs = indexKeys.every(({ AttributeName }) => item[AttributeName] !== undefined);
      if (belongs && !seen.has(name)) broken.set(name, broken.get(name) ?? []);
    }
  }

  for (const [name, entries] of broken) {
    // Once an entry's text is the item's, the next write takes the entry away.
    for (const Item of entries) await engine.call('PutItem', { TableName, Item });
    const item = items.get(name);
    if (item) await engine.call('PutItem', { TableName, Item: item });
    else await engine.call('DeleteItem', { TableName, Key: JSON.parse(name) });
  }
}
