import { expect, it } from 'vitest';
import { once } from '../../core/once.ts';

it('makes nothing before it is asked, and then one for all', () => {
  let made = 0;
  const open = once(() => ({ number: ++made }));
  expect(made).toBe(0);
  expect(open()).toBe(open());
  expect(made).toBe(1);
});

it('makes what is undefined once too', () => {
  let calls = 0;
  const open = once(() => void calls++);
  open();
  open();
  expect(calls).toBe(1);
});

it('tries again what could not be made', () => {
  let isThere = false;
  const open = once(() => {
    if (!isThere) throw new Error('The variable is not set.');
    return 'made';
  });
  expect(open).toThrow('The variable is not set.');
  isThere = true;
  expect(open()).toBe('made');
});
