import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../../local/aws/events/schedule.ts';

const after = '2026-11-21T10:00:30Z';
const next = (expression: string, from = after) => {
  const instant = parseSchedule(expression)(Date.parse(from));
  return instant === undefined ? undefined : new Date(instant).toISOString().slice(0, 16);
};

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html; 21 November 2026 is a Saturday. */
describe('a schedule fires next', () => {
  test.each([
    ['rate(1 minute)', '2026-11-21T10:01'],
    ['rate(2 days)', '2026-11-23T10:00'],
    ['cron(0/15 * * * ? *)', '2026-11-21T10:15'],
    ['cron(0 6 * * ? *)', '2026-11-22T06:00'],
    ['cron(0 18 ? * MON-FRI *)', '2026-11-23T18:00'],
    ['cron(0 0 ? * FRI-MON *)', '2026-11-22T00:00'],
    ['cron(5 8-17/3 1,15 JAN,DEC ? *)', '2026-12-01T08:05'],
    ['cron(0 0 L * ? *)', '2026-11-30T00:00'],
    ['cron(0 0 LW * ? *)', '2026-11-30T00:00'],
    ['cron(0 0 21W * ? *)', '2026-12-21T00:00'],
    ['cron(0 0 1W AUG ? *)', '2027-08-02T00:00'],
    ['cron(0 0 ? * 6L *)', '2026-11-27T00:00'],
    ['cron(0 0 ? * TUE#1 *)', '2026-12-01T00:00'],
    ['cron(0 0 29 FEB ? *)', '2028-02-29T00:00'],
    ['cron(0 0 1 1 ? 2026)', undefined],
  ])('%s', (expression, expected) => {
    expect(next(expression)).toBe(expected);
  });

  test.each([
    'rate(0 minutes)',
    'rate(5 minute)',
    'rate(1 minutes)',
    'rate(1 week)',
    'cron(* * * * *)',
    'cron(0 0 * * * *)',
    'cron(60 0 * * ? *)',
    'cron(0 0 32 * ? *)',
    'every day',
  ])('%s is refused', (expression) => {
    expect(() => parseSchedule(expression)).toThrow(/ScheduleExpression is not valid/);
  });
});
