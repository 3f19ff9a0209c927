import { expect, test } from 'vitest';
import { recently } from '../../site/recent-reads.ts';

/** Counts its reads; `now` is set by hand. */
function counted(outcomes: (() => Promise<number>)[] = []) {
  const clock = { now: 0 };
  const asked: unknown[][] = [];
  const read = recently(
    async (...args: unknown[]) => {
      asked.push(args);
      return outcomes.shift()?.() ?? asked.length;
    },
    () => clock.now,
  );
  return { clock, asked, read };
}

test('the same is read once in half a second, however often it is requested', async () => {
  const { clock, asked, read } = counted();
  expect(await Promise.all([read('a', { limit: 1 }), read('a', { limit: 1 })])).toEqual([1, 1]);
  clock.now = 499;
  expect(await read('a', { limit: 1 })).toBe(1);
  clock.now = 500;
  expect(await read('a', { limit: 1 })).toBe(2);
  expect(asked).toHaveLength(2);
});

test('another thing is read for itself', async () => {
  const { read } = counted();
  expect([await read('a'), await read('b'), await read('a', undefined)]).toEqual([1, 2, 3]);
});

test('a failed read is not kept', async () => {
  const { read } = counted([() => Promise.reject(new Error('throttled'))]);
  await expect(read('a')).rejects.toThrow('throttled');
  expect(await read('a')).toBe(2);
});

test('no more is kept than a few hundred answers', async () => {
  const { read } = counted();
  for (let number = 0; number < 501; number += 1) await read(number);
  expect(await read(0)).toBe(502);
  expect(await read(500)).toBe(501);
});
