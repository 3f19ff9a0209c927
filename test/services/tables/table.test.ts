import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { and, anyOf, attribute, expression } from '../../../services/tables/expression.ts';
import { tableOf } from '../../../services/tables/table.ts';
import { startTables } from '../tables.ts';

let table: ReturnType<typeof tableOf>;
let stop: () => PromiseLike<void>;

beforeAll(async () => {
  const tables = await startTables({
    things: { key: 'shelf', sortKey: 'name', indexes: { byStatus: { partition: 'status', sort: 'name' } } },
  });
  table = tableOf(tables.client, 'things');
  stop = tables.stop;
});
afterAll(() => stop());

const anything = z.looseObject({ name: z.string() });
const key = (name: string, shelf = 'one') => ({ shelf, name });
const read = async (name: string) => {
  const { shelf: _, name: __, ...rest } = (await table.get(key(name), anything)) ?? { name };
  return rest;
};

describe('a change of an item', () => {
  it('sets, removes, and leaves alone what it does not name', async () => {
    await table.update(key('set'), { set: { kept: 1, old: 1, gone: 1 } });
    await table.update(key('set'), { set: { old: 2, gone: undefined, never: undefined } });
    expect(await read('set')).toEqual({ kept: 1, old: 2 });
    await table.update(key('set'), { remove: ['kept'] });
    expect(await read('set')).toEqual({ old: 2 });
  });

  it('sets once what is there already', async () => {
    await table.update(key('once'), { setOnce: { first: 1, absent: undefined } });
    await table.update(key('once'), { setOnce: { first: 2, second: 2 } });
    expect(await read('once')).toEqual({ first: 1, second: 2 });
  });

  it('counts, and adds to sets and takes from them; an empty set changes nothing', async () => {
    await table.update(key('sets'), { add: { count: 1, members: new Set(['a', 'b']), none: new Set<string>() } });
    await table.update(key('sets'), { add: { count: 2 }, delete: { members: new Set(['a', 'c']) } });
    await table.update(key('sets'), { delete: { members: new Set<string>() } });
    expect(await read('sets')).toEqual({ count: 3, members: new Set(['b']) });
  });

  it('reaches into maps, and takes names and values for nothing else', async () => {
    await table.put({ ...key('map'), stages: { build: { status: 'running' } } });
    await table.update(key('map'), {
      set: { 'stages.build.status': ':v0, #name', 'stages.scan': {}, size: '#size', year: 1 },
      setOnce: { 'stages.build.at': 'now' },
    });
    const stages = { build: { status: ':v0, #name', at: 'now' }, scan: {} };
    expect(await read('map')).toEqual({ stages, size: '#size', year: 1 });
  });

  it('without anything to change leaves the item as it is', async () => {
    await table.put({ ...key('same'), value: 1 });
    expect(await table.update(key('same'), { add: { members: new Set<string>() } })).toBe(true);
    expect(await read('same')).toEqual({ value: 1 });
  });
});

describe('a write on a condition', () => {
  it('says whether it was done', async () => {
    const isNew = expression`attribute_not_exists(#name)`;
    expect(await table.put({ ...key('new'), value: 1 }, isNew)).toBe(true);
    expect(await table.put({ ...key('new'), value: 2 }, isNew)).toBe(false);
    expect(await table.update(key('new'), { set: { value: 3 } }, expression`#value = ${2}`)).toBe(false);
    expect(await table.delete(key('new'), expression`#value > ${1}`)).toBe(false);
    expect(await read('new')).toEqual({ value: 1 });
    expect(await table.update(key('new'), { set: { value: 3 } }, expression`#value = ${1}`)).toBe(true);
    expect(await table.delete(key('new'), expression`#value > ${1}`)).toBe(true);
    expect(await table.get(key('new'), anything)).toBeUndefined();
  });

  it('gives the item as it is afterwards, if it is requested', async () => {
    const counted = z.object({ count: z.int() });
    const isFew = expression`attribute_not_exists(#count) OR #count < ${2}`;
    const add = () => table.updateAndGet(key('counted'), { add: { count: 1 } }, isFew, counted);
    expect([await add(), await add(), await add()]).toEqual([{ count: 1 }, { count: 2 }, undefined]);
  });

  it('is made of several, and of names that are found out', async () => {
    await table.put({ ...key('several'), status: 'open', stages: { build: 1 } });
    const holds = (...conditions: Parameters<typeof and>) =>
      table.update(key('several'), { set: { seen: true } }, and(...conditions));
    const isOpen = expression`#status IN ${anyOf(['new', 'open'])}`;
    const isClosed = expression`#status IN ${anyOf(['closed'])}`;
    const has = (stage: string) => expression`attribute_exists(${attribute(`stages.${stage}`)})`;
    expect(await holds()).toBe(true);
    expect(await holds(undefined, isOpen)).toBe(true);
    expect(await holds(isOpen, has('build'))).toBe(true);
    expect(await holds(isOpen, has('scan'))).toBe(false);
    expect(await holds(isClosed)).toBe(false);
    // Each is one condition, whatever is in it.
    expect(await holds(expression`#status = ${'open'} OR #status = ${'new'}`, has('scan'))).toBe(false);
  });

  it('fails as it is where DynamoDB has something else against it', async () => {
    await expect(table.put({ shelf: 'one' })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('a list', () => {
  const names = Array.from({ length: 7 }, (_, at) => `item-${at}`);
  const status = (at: number) => (at % 3 === 0 ? 'open' : 'closed');
  const keys = expression`shelf = ${'list'}`;
  const namesOf = (items: { name: string }[]) => items.map(({ name }) => name);

  beforeAll(() =>
    // So large that DynamoDB, which reads 1 MB at a time, needs three requests for them.
    table.putMany(names.map((name, at) => ({ ...key(name, 'list'), status: status(at), body: 'x'.repeat(380_000) }))),
  );

  it('is read to its end', async () => {
    expect(namesOf(await table.all({ keys, consistent: true }, anything))).toEqual(names);
    const scanned: string[] = [];
    for await (const { name, ...rest } of table.scan({ fields: ['name'], consistent: true }, anything)) {
      expect(rest).toEqual({});
      scanned.push(name);
    }
    expect(scanned).toEqual(expect.arrayContaining(names));
    expect(
      (
        await table.getMany(
          [...names, 'none'].map((name) => key(name, 'list')),
          anything,
        )
      ).length,
    ).toBe(7);
  });

  it('comes in pages that are full, whatever the filter leaves out', async () => {
    const filter = { condition: expression`#status = ${'open'}`, position: ['shelf', 'name'] };
    const first = await table.page({ keys, filter, newestFirst: true }, { limit: 2 }, anything);
    expect(namesOf(first.items)).toEqual(['item-6', 'item-3']);
    const second = await table.page({ keys, filter, newestFirst: true }, { limit: 2, cursor: first.cursor }, anything);
    expect(namesOf(second.items)).toEqual(['item-0']);
    expect(second.cursor).toBeUndefined();
  });

  it('gives a page with few items rather than to read the whole list for a filter', async () => {
    // Of items of this size, one query reads two.
    const large = Array.from({ length: 12 }, (_, at) => key(`item-${String(at).padStart(2, '0')}`, 'large'));
    await table.putMany(large.map((item) => ({ ...item, status: 'closed', body: 'x'.repeat(380_000) })));
    await table.put({ ...key('item-99', 'large'), status: 'open' });
    const of = {
      keys: expression`shelf = ${'large'}`,
      filter: { condition: expression`#status = ${'open'}`, position: ['shelf', 'name'] },
    };
    const first = await table.page(of, { limit: 1 }, anything);
    expect(first.items).toEqual([]);
    const second = await table.page(of, { limit: 1, cursor: first.cursor }, anything);
    expect(namesOf(second.items)).toEqual(['item-99']);
    expect(second.cursor).toBeUndefined();
  });

  it('of an index goes on where its cursor says, and refuses any other', async () => {
    const open = { index: 'byStatus', keys: expression`#status = ${'open'} AND #name > ${'item-0'}` };
    const first = await table.page(open, { limit: 1 }, anything);
    expect(namesOf(first.items)).toEqual(['item-3']);
    expect(namesOf((await table.page(open, { limit: 1, cursor: first.cursor }, anything)).items)).toEqual(['item-6']);
    await expect(table.page(open, { limit: 1, cursor: 'elsewhere' }, anything)).rejects.toThrow(InvalidInputError);
    const ofTable = await table.page({ keys }, { limit: 1 }, anything);
    await expect(table.page(open, { limit: 1, cursor: ofTable.cursor }, anything)).rejects.toThrow(InvalidInputError);
  });
});
