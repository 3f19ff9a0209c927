import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isFloating, isTakenBack, minuteOfWeek, nextRescanAt } from '../../../core/releases/release.ts';

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

describe('a release was taken back', () => {
  const [first, second] = ['build-20261101T100000Z-1a2b3c4', 'build-20261102T100000Z-2b3c4d5'];
  it.each<
    [
      string,
      { digest: string; tags: string[]; floating?: string[] },
      { digest: string; tags: string[] } | undefined,
      boolean,
    ]
  >([
    [
      'if it is newer than the one that the project has',
      { digest: 'b', tags: [second] },
      { digest: 'a', tags: [first] },
      true,
    ],
    ['not if it is older', { digest: 'a', tags: [first] }, { digest: 'b', tags: [second] }, false],
    [
      'not if a tag names it, such as that of a version',
      { digest: 'b', tags: [second], floating: ['1.2.3'] },
      { digest: 'a', tags: [first] },
      false,
    ],
    ['not if the project has it', { digest: 'b', tags: [second] }, { digest: 'b', tags: [first] }, false],
    ['not where the project has none', { digest: 'b', tags: [second] }, undefined, false],
    ['not if it cannot be told', { digest: 'b', tags: [] }, { digest: 'a', tags: [first] }, false],
  ])('%s', (_, { digest, tags, floating = [] }, current, expected) => {
    expect(isTakenBack({ digest, tags: new Set(tags), floating }, current)).toBe(expected);
  });
});
