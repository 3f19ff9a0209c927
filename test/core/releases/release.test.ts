import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isFloating, minuteOfWeek, nextRescanAt } from '../../../core/releases/release.ts';

const hour = 3_600_000;
const day = 24 * hour;
const digests = Array.from(
  { length: 10_000 },
  (_, at) => `sha256:${createHash('sha256').update(String(at)).digest('hex')}`,
);

describe('the rescans of a week', () => {
  it('at 10,000 images are spread evenly, though all were released in the same minute', () => {
    const released = new Date('2026-11-20T10:00:00.000Z');
    const perHour = new Map<number, number>();
    for (const digest of digests) {
      const at = Math.floor((Date.parse(nextRescanAt(digest, released)) - released.getTime()) / hour);
      perHour.set(at, (perHour.get(at) ?? 0) + 1);
    }
    // 60 images an hour if it were perfect; the bound is six standard deviations of a fair lot, which never happens by chance.
    const mean = digests.length / (7 * 24);
    const bound = 6 * Math.sqrt(mean);
    expect([...perHour.keys()].sort((one, other) => one - other)).toEqual(
      Array.from({ length: 7 * 24 }, (_, at) => at + 24),
    );
    for (const count of perHour.values()) expect(Math.abs(count - mean)).toBeLessThan(bound);
  });

  it('come a week apart, and never sooner than a day after the one before', () => {
    for (const digest of digests.slice(0, 200)) {
      const first = nextRescanAt(digest, new Date('2026-11-20T10:00:30.000Z'));
      expect(Date.parse(first) - Date.parse('2026-11-20T10:00:30.000Z')).toBeGreaterThanOrEqual(day);
      // In time, and when the run came late.
      for (const late of [0, 5 * hour]) {
        const next = Date.parse(nextRescanAt(digest, new Date(Date.parse(first) + late)));
        expect(next - Date.parse(first)).toBe(7 * day);
      }
    }
  });

  it('have their minute by the digest alone', () => {
    const [digest = ''] = digests;
    const minutes = [0, 1, 2].map(
      (weeks) => (Date.parse(nextRescanAt(digest, new Date(weeks * 7 * day))) / 60_000) % 10_080,
    );
    expect(new Set(minutes)).toEqual(new Set([minuteOfWeek(digest)]));
  });
});

it.each([
  ['latest', true],
  ['1.2', true],
  ['main', true],
  ['shared', true],
  ['sha-0123456789012345678901234567890123456789', false],
  ['build-20261121T010203Z-aaaaaaa', false],
])('the tag %s floats: %s', (tag, floats) => {
  expect(isFloating(tag)).toBe(floats);
});
