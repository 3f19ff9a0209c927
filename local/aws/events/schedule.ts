import { AwsError } from '../service.ts';

const unitMilliseconds = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * The milliseconds between two firings of `rate(15 minutes)`. A `cron(…)` is not known here.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 * @throws AwsError `ValidationException`
 */
export function ratePeriod(expression: string): number {
  const [, count = '0', unit = 'minute', plural] = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  // AWS insists on the grammar: `1 minute`, `5 minutes`.
  if (Number(count) >= 1 && (Number(count) === 1) === (plural === ''))
    return Number(count) * unitMilliseconds[unit as keyof typeof unitMilliseconds];
  const hint = expression.startsWith('cron(') ? ' (the local AWS knows rates only)' : '';
  throw new AwsError('ValidationException', `Parameter ScheduleExpression is not valid: ${expression}${hint}`);
}
