import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { dueAgainAt, firstDueAt, nextAfter, parseSchedule } from '../../../core/triggers/schedule.ts';

// A Saturday.
const now = new Date('2026-11-21T04:20:30Z');

/** The next moments of a schedule, to the minute. */
function moments(text: string, count = 3): string[] {
  const schedule = parseSchedule(text);
  const found: string[] = [];
  for (let after = now; found.length < count; ) {
    const next = nextAfter(schedule, after);
    if (!next) break;
    found.push(next.toISOString().slice(0, 16));
    after = next;
  }
  return found;
}

describe('a schedule', () => {
  // The examples of EventBridge's documentation that ask for one build an hour at most, and each of its wildcards.
  it.each([
    ['rate(1 hour)', ['2026-11-21T05:20', '2026-11-21T06:20', '2026-11-21T07:20']],
    ['rate(90 minutes)', ['2026-11-21T05:50', '2026-11-21T07:20', '2026-11-21T08:50']],
    ['rate(2 days)', ['2026-11-23T04:20', '2026-11-25T04:20', '2026-11-27T04:20']],
    ['cron(0 10 * * ? *)', ['2026-11-21T10:00', '2026-11-22T10:00', '2026-11-23T10:00']],
    ['cron(0 18 ? * MON-FRI *)', ['2026-11-23T18:00', '2026-11-24T18:00', '2026-11-25T18:00']],
    ['cron(0 8 1 * ? *)', ['2026-12-01T08:00', '2027-01-01T08:00', '2027-02-01T08:00']],
    ['cron(0 9 ? * 2#1 *)', ['2026-12-07T09:00', '2027-01-04T09:00', '2027-02-01T09:00']],
    ['cron(15 0/6 * * ? *)', ['2026-11-21T06:15', '2026-11-21T12:15', '2026-11-21T18:15']],
    ['cron(0 4 ? * 1 *)', ['2026-11-22T04:00', '2026-11-29T04:00', '2026-12-06T04:00']],
    ['cron(0 4 ? * L *)', ['2026-11-28T04:00', '2026-12-05T04:00', '2026-12-12T04:00']],
    ['cron(0 4 ? * 6L *)', ['2026-11-27T04:00', '2026-12-25T04:00', '2027-01-29T04:00']],
    ['cron(0 4 L * ? *)', ['2026-11-30T04:00', '2026-12-31T04:00', '2027-01-31T04:00']],
    ['cron(0 4 1W * ? *)', ['2026-12-01T04:00', '2027-01-01T04:00', '2027-02-01T04:00']],
    ['cron(0 4 1 jan,jul ? *)', ['2027-01-01T04:00', '2027-07-01T04:00', '2028-01-01T04:00']],
    ['cron(0 4 1 1 ? 2027-2028)', ['2027-01-01T04:00', '2028-01-01T04:00']],
    ['cron(0 4 1 1 ? 2020)', []],
  ])('%s comes when EventBridge would say', (text, expected) => {
    expect(moments(text)).toEqual(expected);
  });

  it.each([
    ['daily', /rate\(6 hours\)/],
    ['rate(1 hours)', /Write rate\(1 hour\)/],
    ['rate(2 hour)', /Write rate\(2 hours\)/],
    ['rate(0 hours)', /Write rate/],
    ['rate(1 week)', /Write rate/],
    ['rate(59 minutes)', /one build an hour/],
    ['rate(99999 days)', /ten years/],
    ['cron(0 4 * * *)', /5 fields instead of six/],
    ['cron(*/5 4 * * ? *)', /one number/],
    ['cron(0,30 4 * * ? *)', /one number/],
    ['cron(* * * * ? *)', /one number/],
    ['cron(0 4 * * * *)', /must be "\?"/],
    ['cron(0 4 ? * ? *)', /must be "\?"/],
    ['cron(60 4 * * ? *)', /60/],
    ['cron(0 24 * * ? *)', /24/],
    ['cron(0 4 ? * 8 *)', /day-of-week/],
    ['cron(0 4 ? * 0 *)', /day-of-week/],
    ['cron(0 4 ? * MONDAY *)', /not a schedule/],
    ['cron(0 4 ? * 2#6 *)', /day-of-week/],
    ['cron(0 4 31 2 ? *)', /never fires/],
    ['cron(0 4 1 1 ? 1969)', /year/],
    ['cron(0 4 1 1 ? 2200)', /year/],
    [`cron(${'0 '.repeat(500)})`, /not a schedule/],
  ])('%s is refused, with what to write', (text, message) => {
    expect(() => parseSchedule(text)).toThrow(InvalidInputError);
    expect(() => parseSchedule(text)).toThrow(message);
  });

  it('begins one period after the entry came, or at the first hour that it names', () => {
    expect(firstDueAt('rate(1 day)', now)).toBe('2026-11-22T04:20:30.000Z');
    expect(firstDueAt('cron(0 5 * * ? *)', now)).toBe('2026-11-21T05:00:00.000Z');
    expect(firstDueAt('cron(0 4 1 1 ? 2020)', now)).toBeUndefined();
  });

  it('goes on from where it was, whether the last firing was on time or missed for days', () => {
    const dueAt = '2026-11-18T02:00:00.000Z';
    expect(dueAgainAt('rate(6 hours)', dueAt, new Date('2026-11-18T02:03:00Z'))).toBe('2026-11-18T08:00:00.000Z');
    expect(dueAgainAt('rate(6 hours)', dueAt, now)).toBe('2026-11-21T08:00:00.000Z');
    expect(dueAgainAt('cron(0 2 * * ? *)', dueAt, now)).toBe('2026-11-22T02:00:00.000Z');
    expect(dueAgainAt('cron(0 4 1 1 ? 2026)', dueAt, now)).toBeUndefined();
  });
});
