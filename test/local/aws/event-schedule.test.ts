import { describe, expect, test } from 'vitest';
import { ratePeriod } from '../../../local/aws/events/schedule.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html */
describe('the period of a schedule', () => {
  test.each([
    ['rate(1 minute)', 60_000],
    ['rate(15 minutes)', 900_000],
    ['rate(2 days)', 172_800_000],
  ])('%s', (expression, expected) => {
    expect(ratePeriod(expression)).toBe(expected);
  });

  test.each(['rate(0 minutes)', 'rate(5 minute)', 'rate(1 minutes)', 'rate(1 week)', 'cron(0 6 * * ? *)', 'every day'])(
    '%s is refused',
    (expression) => {
      expect(() => ratePeriod(expression)).toThrow(/ScheduleExpression is not valid/);
    },
  );
});
