import { promisify } from 'node:util';
import dynalite from 'dynalite/db/index.js';
import { z } from 'zod';

/** In the shape of DynamoDB's API. */
export type Item = Record<string, unknown>;

/** Of one table. */
export interface Content {
  items: number;
  itemOf(number: number): Item;
}

const tableSchema = z.looseObject({
  GlobalSecondaryIndexes: z
    .array(z.looseObject({ IndexName: z.string(), KeySchema: z.array(z.looseObject({ AttributeName: z.string() })) }))
    .default([]),
});
const itemsAtOnce = 1000;

/**
 * Writes items, which are not there yet, into the files of the tables of a machine that is stopped: a million calls, each checked and
 * answered, would take an hour. Indexes have whole items, as those of the template do, and all items of a table are in the same indexes. What is
 * written in the order of its keys is never sorted again.
 */
export async function fillTables(folder: string, content: Readonly<Record<string, Content>>): Promise<void> {
  const store = dynalite.create({ path: folder });
  await store.db.open();
  for (const [name, { items, itemOf }] of Object.entries(content)) {
    const table = tableSchema.parse(await promisify(store.getTable)(name));
    const first = itemOf(0);
    const indexes = table.GlobalSecondaryIndexes.filter(({ KeySchema }) =>
      KeySchema.every(({ AttributeName }) => AttributeName in first),
    );
    const orders = [
      (item: Item) => `item-${name}~${dynalite.createKey(item, table)}`,
      ...indexes.map(
        ({ IndexName, KeySchema }) =>
          (item: Item) =>
            `index-global~${name}~${IndexName}~${dynalite.createIndexKey(item, table, KeySchema)}`,
      ),
    ];
    for (const keyOf of orders) {
      const keys = Array.from({ length: items }, (_, number) => ({ key: keyOf(itemOf(number)), number }));
      keys.sort((one, other) => (one.key < other.key ? -1 : 1));
      for (let at = 0; at < items; at += itemsAtOnce) await store.db.batch(keys.slice(at, at + itemsAtOnce).map(write));
    }
    function write({ key, number }: { key: string; number: number }) {
      return { type: 'put' as const, key, value: JSON.stringify(itemOf(number)), valueEncoding: 'utf8' as const };
    }
  }
  await store.db.close();
}
