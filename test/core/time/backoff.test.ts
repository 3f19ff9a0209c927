import { describe, expect, it } from 'vitest';
import { pauseAfter } from '../../../core/time/backoff.ts';

describe('what has failed', () => {
  const backoff = { first: 1000, longest: 60_000 };
  it('is left alone twice as long each time, up to a bound, and not all of it to the same moment', () => {
    expect([1, 2, 3, 4].map((failures) => pauseAfter(failures, backoff, 0))).toEqual([1000, 2000, 4000, 8000]);
    expect(pauseAfter(5000, backoff, 0)).toBe(60_000);
    expect(pauseAfter(1, backoff, 0.999)).toBeGreaterThan(500);
  });
});
