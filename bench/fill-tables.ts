import { promisify } from 'node:util';
import dynalite from 'dynalite/db/index.js';
import { z } from 'zod';

/** In the shape of DynamoDB's API. */
export type Item = Record<string, unknown>;

/** Of one table. */
export interface Content {
  items: number;
  /** What all items have. */
  same: Item;
  /** What each has besides. */
  own(number: number): Item;
}

const keySchema = z.array(z.looseObject({ AttributeName: z.string() }));
const tableSchema = z.looseObject({
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z.array(z.looseObject({ IndexName: z.string(), KeySchema: keySchema })).default([]),
});
const itemsAtOnce = 1000;

/**
 * Writes items, which are not there yet, into the files of the tables of a machine that is stopped: a million calls, each checked and
 * answered, would take an hour. Indexes have whole items, as those of the template do. What is written in the order of its keys is never sorted
 * again.
 */
export async function fillTables(folder: string, content: Readonly<Record<string, Content>>): Promise<void> {
  const store = dynalite.create({ path: folder });
  await store.db.open();
  for (const [name, { items, same, own }] of Object.entries(content)) {
    const table = tableSchema.parse(await promisify(store.getTable)(name));
    const keysOf = ({ KeySchema }: { KeySchema: { AttributeName: string }[] }) =>
      KeySchema.map(({ AttributeName }) => AttributeName);
    const keys = [table, ...table.GlobalSecondaryIndexes].flatMap(keysOf);
    const sameKeys = Object.fromEntries(keys.flatMap((key) => (key in same ? [[key, same[key]]] : [])));
    const first = own(0);
    const others = Object.fromEntries(Object.entries(same).filter(([attribute]) => !(attribute in first)));
    const start = JSON.stringify(others).slice(0, -1);

    await write(keysOf(table), (item) => `item-${name}~${dynalite.createKey(item, table)}`);
    for (const index of table.GlobalSecondaryIndexes)
      await write(
        keysOf(index),
        (item) => `index-global~${name}~${index.IndexName}~${dynalite.createIndexKey(item, table, index.KeySchema)}`,
      );

    /** Those that have the attributes. */
    async function write(attributes: readonly string[], keyOf: (item: Item) => string): Promise<void> {
      const written: { key: string; number: number }[] = [];
      for (let number = 0; number < items; number += 1) {
        const item = { ...sameKeys, ...own(number) };
        if (attributes.every((attribute) => attribute in item)) written.push({ key: keyOf(item), number });
      }
      written.sort((one, other) => (one.key < other.key ? -1 : 1));
      for (let at = 0; at < written.length; at += itemsAtOnce)
        await store.db.batch(written.slice(at, at + itemsAtOnce).map(put));
    }

    function put({ key, number }: { key: string; number: number }) {
      const value = `${start},${JSON.stringify(own(number)).slice(1)}`;
      return { type: 'put' as const, key, value, valueEncoding: 'utf8' as const };
    }
  }
  await store.db.close();
}
