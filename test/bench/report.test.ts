import { describe, expect, it } from 'vitest';
import { quantile } from '../../bench/report.ts';

describe('a quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ])('of the numbers from 1 to 100 is for %d the one that so many of them reach', (share, value) => {
    expect(quantile(hundred, share)).toBe(value);
  });

  it('of one value is that value', () => {
    expect(quantile([7], 0.99)).toBe(7);
  });
});
