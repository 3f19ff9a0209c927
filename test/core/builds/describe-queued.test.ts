import { expect, test } from 'vitest';
import { describeStatus } from '../../../core/builds/describe-build.ts';
import type { Build } from '../../../core/model/build.ts';

const now = new Date('2026-11-29T12:00:00.000Z');
const described = (over: Partial<Build>) =>
  describeStatus(
    {
      status: 'queued',
      cause: { type: 'schedule', schedule: 'rate(1 day)' },
      createdAt: '2026-11-29T11:59:00.000Z',
      ...over,
    },
    now,
  );

test('a build that has just been queued waits', () => {
  expect(described({})).toBe('Waiting to be built.');
});

test('a build that has waited for long is not blamed, and its people learn what is missing', () => {
  expect(described({ createdAt: '2026-11-29T10:00:00.000Z' })).toMatch(
    /no machine is free\. Nothing is wrong .* quota/,
  );
});

test('a build whose base image is limited says when it is tried again, and then waits like any other', () => {
  const createdAt = '2026-11-29T10:00:00.000Z';
  const waiting = (until: string) => ({ createdAt, waiting: { for: 'base' as const, times: 1, until } });
  expect(described(waiting('2026-11-29T12:05:00.000Z'))).toMatch(/registry of its base image.*again at .*12:05/);
  expect(described(waiting('2026-11-29T11:55:00.000Z'))).toBe('Waiting to be built.');
});
