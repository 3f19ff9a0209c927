import { describe, expect, it } from 'vitest';
import { type PostponeReason, postponement } from '../../../core/triggers/postpone.ts';

const now = new Date('2026-11-21T00:00:00.000Z');
const at = (postponed: number, reason: PostponeReason = 'down', requested?: string) =>
  postponement(reason, postponed, { now, random: 0, requested });

describe('a trigger that waits for its git host', () => {
  it('waits longer each time, but never so long that the alarm on waiting triggers rings', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((postponed) => at(postponed))).toEqual([10, 20, 40, 80, 160, 300, 300]);
  });

  it('waits for the hours that a host may be down, and then a person is to look', () => {
    const delays = Array.from({ length: 1000 }, (_, postponed) =>
      postponement('down', postponed, { now, random: 0.5 }),
    );
    const hours = delays.reduce<number>((sum, delay) => sum + (delay ?? 0), 0) / 3600;
    expect(hours).toBeGreaterThan(20);
    expect(delays.at(-1)).toBeUndefined();
  });

  it('waits as long as the host requests, up to a bound', () => {
    expect(at(0, 'down', '2026-11-21T00:01:30.000Z')).toBe(90);
    expect(at(0, 'down', '2026-11-22T00:00:00.000Z')).toBe(300);
  });

  it('is put off for some ten minutes if the host is too slow for what it is asked', () => {
    const delays = [0, 1, 2, 3, 4, 5].map((postponed) => at(postponed, 'slow') ?? 0);
    expect(delays.reduce((sum, delay) => sum + delay)).toBeLessThan(15 * 60);
    expect(at(6, 'slow')).toBeUndefined();
  });

  it('is asked for twice more if the host does not show what it reported', () => {
    expect([0, 1, 2].map((postponed) => at(postponed, 'unseen'))).toEqual([10, 20, undefined]);
  });
});
