import { expect, test } from 'vitest';
import { retryAfter } from '../../../core/time/retry-after.ts';

const now = new Date('2026-11-05T12:00:00.000Z');

test.each([
  ['seconds', '120', '2026-11-05T12:02:00.000Z'],
  ['a date', 'Thu, 05 Nov 2026 12:05:00 GMT', '2026-11-05T12:05:00.000Z'],
  [
    'seconds since 1970, as Docker Hub does',
    String(Date.parse('2026-11-05T13:00:00Z') / 1000),
    '2026-11-05T13:00:00.000Z',
  ],
  ['more than the longest rate limit window', '999999', '2026-11-05T18:00:00.000Z'],
  ['a time that has passed', 'Thu, 05 Nov 2026 11:00:00 GMT', undefined],
  ['something else', 'soon', undefined],
  ['nothing', '', undefined],
  ['no header', null, undefined],
])('the header Retry-After with %s', (_, header, at) => expect(retryAfter(header, now)).toBe(at));
