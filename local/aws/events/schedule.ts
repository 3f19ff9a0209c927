import { AwsError } from '../service.ts';

/** When a schedule fires for the first time after an instant (milliseconds since 1970); undefined when it never does again. */
export type Schedule = (after: number) => number | undefined;

const unitMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Reads `rate(15 minutes)` or `cron(0 6 * * ? *)`, which counts in UTC.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 * @throws AwsError `ValidationException`
 */
export function parseSchedule(expression: string): Schedule {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression);
  if (rate) {
    const [, count = '', unit = 'minute', plural] = rate;
    // AWS insists on the grammar: `1 minute`, `5 minutes`.
    if (Number(count) < 1 || (Number(count) === 1) !== (plural === '')) throw invalid(expression);
    const period = Number(count) * unitMs[unit as keyof typeof unitMs];
    return (after) => after + period;
  }
  const [, fields = ''] = /^cron\((.+)\)$/.exec(expression) ?? [];
  const parts = fields.split(' ');
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = parts;
  if (parts.length !== 6 || !minute || !hour || !dayOfMonth || !month || !dayOfWeek || !year) throw invalid(expression);
  // One of the two days is open. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) throw invalid(expression);

  const read = (text: string, from: number, to: number, names: readonly string[] = []) => {
    const values = readField(text.toUpperCase(), from, to, names);
    if (!values) throw invalid(expression);
    return values;
  };
  const minutes = read(minute, 0, 59);
  const hours = read(hour, 0, 23);
  const months = read(month, 1, 12, monthNames);
  const years = read(year, 1970, 2199);
  const day = dayTest(dayOfMonth.toUpperCase(), dayOfWeek.toUpperCase(), read);

  return (after) => {
    const start = new Date(after);
    const midnight = Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate());
    // A cycle of the calendar has 28 years where no century interrupts it; forty covers the rest.
    for (let days = 0; days < 40 * 366; days += 1) {
      const date = new Date(midnight + days * unitMs.day);
      if (!years.includes(date.getUTCFullYear()) || !months.includes(date.getUTCMonth() + 1) || !day(date)) continue;
      for (const hourOfDay of hours) {
        for (const minuteOfHour of minutes) {
          const at = date.getTime() + hourOfDay * unitMs.hour + minuteOfHour * unitMs.minute;
          if (at > after) return at;
        }
      }
    }
    return undefined;
  };
}

const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** The values of one field in order; undefined when it is not well formed. */
function readField(text: string, from: number, to: number, names: readonly string[]): number[] | undefined {
  const values = new Set<number>();
  const number = (part: string) => {
    const named = names.indexOf(part);
    if (named >= 0) return from + named;
    return /^\d+$/.test(part) && Number(part) >= from && Number(part) <= to ? Number(part) : undefined;
  };
  for (const item of text.split(',')) {
    const [span = '', step = '1', ...rest] = item.split('/');
    const [first = '', last, ...more] = span.split('-');
    const begin = span === '*' ? from : number(first);
    const end = span === '*' || (last === undefined && item.includes('/')) ? to : number(last ?? first);
    if (rest.length > 0 || more.length > 0 || begin === undefined || end === undefined || !/^[1-9]\d*$/.test(step))
      return undefined;
    for (let value = begin; value <= end; value += Number(step)) values.add(value);
    // A range may go over the end: `FRI-MON`.
    if (begin > end)
      for (let value = begin; value <= to + end - from + 1; value += 1)
        values.add(value > to ? value - to + from - 1 : value);
  }
  return [...values].sort((a, b) => a - b);
}

type ReadField = (text: string, from: number, to: number, names?: readonly string[]) => number[];

function dayTest(dayOfMonth: string, dayOfWeek: string, read: ReadField): (date: Date) => boolean {
  const lastOf = (date: Date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  if (dayOfWeek === '?') {
    if (dayOfMonth === 'L') return (date) => date.getUTCDate() === lastOf(date);
    const [, nearest] = /^(\d+|L)W$/.exec(dayOfMonth) ?? [];
    if (nearest !== undefined) {
      const [wanted = 1] = nearest === 'L' ? [31] : read(nearest, 1, 31);
      return (date) => date.getUTCDate() === weekdayNear(date, Math.min(wanted, lastOf(date)), lastOf(date));
    }
    const days = read(dayOfMonth, 1, 31);
    return (date) => days.includes(date.getUTCDate());
  }
  const [, lastDay] = /^(\w+)L$/.exec(dayOfWeek) ?? [];
  if (lastDay !== undefined) {
    const days = read(lastDay, 1, 7, dayNames);
    return (date) => days.includes(date.getUTCDay() + 1) && date.getUTCDate() > lastOf(date) - 7;
  }
  const [, nthDay, nth] = /^(\w+)#([1-5])$/.exec(dayOfWeek) ?? [];
  if (nthDay !== undefined) {
    const days = read(nthDay, 1, 7, dayNames);
    return (date) => days.includes(date.getUTCDay() + 1) && Math.ceil(date.getUTCDate() / 7) === Number(nth);
  }
  const days = read(dayOfWeek, 1, 7, dayNames);
  return (date) => days.includes(date.getUTCDay() + 1);
}

/** The day of the month that is no Saturday or Sunday and the nearest to a day, within the same month. */
function weekdayNear(date: Date, day: number, last: number): number {
  const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day)).getUTCDay();
  if (weekday === 6) return day > 1 ? day - 1 : day + 2;
  if (weekday === 0) return day < last ? day + 1 : day - 2;
  return day;
}

function invalid(expression: string): AwsError {
  return new AwsError('ValidationException', `Parameter ScheduleExpression is not valid: ${expression}`);
}
