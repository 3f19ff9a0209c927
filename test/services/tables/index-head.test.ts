import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIndexHead } from '../../../services/tables/index-head.ts';
import { createTables } from '../tables.ts';

const client = createTables();
const heads = createIndexHead(client, 'deliveries');
beforeAll(async () => expect(await heads.get()).toBeUndefined());
afterAll(() => client.destroy());

it('the head of the index moves on for the first of those who saw it, and what was applied stays known', async () => {
  const first = await Promise.all(['a', 'b'].map((commit) => heads.advance(undefined, commit)));
  expect(first.filter((head) => head !== undefined)).toHaveLength(1);
  const known = await heads.get();
  expect(known).toMatchObject({ revision: 1, applied: 0 });
  if (known) expect(await heads.finish(known)).toBe(true);
  // It was applied meanwhile, and whoever read it before must not say that it was not.
  expect(await heads.advance(known, 'c')).toBeUndefined();
  expect(await heads.advance(await heads.get(), 'c')).toEqual({ commit: 'c', revision: 2, applied: 1 });
  if (known) expect(await heads.finish(known)).toBe(false);
  expect(await heads.get()).toEqual({ commit: 'c', revision: 2, applied: 1 });
});

it('the head of the index is applied again if an older one was written meanwhile', async () => {
  const older = await heads.advance(await heads.get(), 'older');
  const newer = await heads.advance(await heads.get(), 'newer');
  if (!older || !newer) throw new Error('The head has moved.');
  await heads.finish(newer);
  await heads.reopen(older);
  expect(await heads.get()).toEqual({ ...newer, applied: older.applied });
  await heads.reopen(older);
  expect(await heads.finish(newer)).toBe(true);
});
