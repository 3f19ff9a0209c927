import { Cron } from 'croner';
import { InvalidInputError } from '../model/errors.ts';

const hour = 3_600_000;
const unitMilliseconds = { minute: 60_000, hour, day: 24 * hour };
const longestDays = 3660;

/** When a project of the index is to be rebuilt, in UTC. */
export type Schedule =
  | { kind: 'rate'; milliseconds: number }
  /** A pattern for Croner, including seconds. */
  | { kind: 'cron'; pattern: string };

const help =
  'Write rate(6 hours) or cron(minutes hours day-of-month month day-of-week year), such as cron(0 4 ? * MON *).';

/**
 * Parses a schedule in the grammar of EventBridge rules; names like MON may be in either case.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
 * @throws InvalidInputError that says what to write instead
 */
export function parseSchedule(text: string): Schedule {
  const [, kind, content = ''] = /^(rate|cron)\((.{0,200})\)$/.exec(text.trim()) ?? [];
  if (kind === 'rate') return parseRate(content);
  if (kind === 'cron') return parseCron(content);
  throw new InvalidInputError(`This is not a schedule. ${help}`);
}

/** The first moment of the schedule strictly after a given moment; undefined when none is left. */
export function nextAfter(schedule: Schedule, after: Date): Date | undefined {
  if (schedule.kind === 'rate') return new Date(after.getTime() + schedule.milliseconds);
  return calendar(schedule.pattern).nextRun(after) ?? undefined;
}

/** When a project with this schedule is first due, for `dueAt` of its record; undefined if never. */
export function firstDueAt(schedule: string, now: Date): string | undefined {
  return nextAfter(parseSchedule(schedule), now)?.toISOString();
}

/**
 * When a project that was due at `dueAt` is due again. After an outage, one build makes up for all missed ones. A rate keeps the minute at
 * which it began.
 */
export function dueAgainAt(schedule: string, dueAt: string, now: Date): string | undefined {
  const parsed = parseSchedule(schedule);
  if (parsed.kind === 'cron') return nextAfter(parsed, now)?.toISOString();
  const missed = Math.max(0, Math.floor((now.getTime() - Date.parse(dueAt)) / parsed.milliseconds));
  return new Date(Date.parse(dueAt) + (missed + 1) * parsed.milliseconds).toISOString();
}

function parseRate(content: string): Schedule {
  const [, digits = '', unit = 'minute', plural] = /^([1-9]\d{0,6}) (minute|hour|day)(s?)$/.exec(content) ?? [];
  if (digits === '')
    throw new InvalidInputError(`"rate(${content})" is not a rate. Write rate(6 hours) or rate(1 day).`);
  if ((digits === '1') !== (plural === '')) {
    const right = `rate(${digits} ${unit}${digits === '1' ? '' : 's'})`;
    throw new InvalidInputError(`"rate(${content})" is not a rate. Write ${right}.`);
  }
  const milliseconds = Number(digits) * unitMilliseconds[unit as keyof typeof unitMilliseconds];
  if (milliseconds < hour) throw new InvalidInputError(`${digits} minutes are less than an hour. ${atMostHourly}`);
  if (milliseconds > longestDays * unitMilliseconds.day) {
    throw new InvalidInputError(`That is more than ten years. Write at most rate(${longestDays} days).`);
  }
  return { kind: 'rate', milliseconds };
}

const atMostHourly = 'A schedule may start at most one build an hour: write rate(1 hour).';

/** The characters that a field may contain; Croner checks the rest. */
const fields = [
  { name: 'minutes', form: /^[\d,*/-]+$/ },
  { name: 'hours', form: /^[\d,*/-]+$/ },
  { name: 'day-of-month', form: /^[\d,*/?LW-]+$/ },
  { name: 'month', form: /^[\dA-Z,*/-]+$/ },
  { name: 'day-of-week', form: /^(?:[A-Z1-7,*?/-]+|[A-Z1-7]+#[1-5])$/ },
  { name: 'year', form: /^(?:\*|(?:19[7-9]|20\d|21\d)\d)(?:[,/-]\d+)*$/ },
] as const;

function parseCron(content: string): Schedule {
  const parts = content.trim().toUpperCase().split(/\s+/);
  if (parts.length !== fields.length) {
    throw new InvalidInputError(`"cron(${content})" has ${parts.length} fields instead of six. ${help}`);
  }
  const [minutes = '', hours = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = parts;
  for (const [at, { name, form }] of fields.entries()) {
    const part = parts[at] ?? '';
    if (!form.test(part)) throw new InvalidInputError(`"${part}" cannot be the ${name} of a schedule. ${help}`);
  }
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new InvalidInputError('Exactly one of day-of-month and day-of-week must be "?", as in cron(0 4 ? * MON *).');
  }
  // With a single minute the schedule fires at most once an hour, and at least an hour apart.
  if (!/^\d+$/.test(minutes)) {
    throw new InvalidInputError(
      `The minutes "${minutes}" may mean several moments in an hour: write one number. ${atMostHourly}`,
    );
  }
  // `L`, the last day of the week, is Saturday.
  const pattern = ['0', minutes, hours, dayOfMonth, month, dayOfWeek === 'L' ? '7' : dayOfWeek, year].join(' ');
  let first: Date | null;
  try {
    first = calendar(pattern).nextRun(new Date(0));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause);
    throw new InvalidInputError(`"cron(${content})" is not a schedule: ${reason.replace(/\.$/, '')}. ${help}`, {
      cause,
    });
  }
  if (!first) throw new InvalidInputError(`"cron(${content})" never fires: there is no such day.`);
  return { kind: 'cron', pattern };
}

function calendar(pattern: string): Cron {
  return new Cron(pattern, {
    mode: '7-part',
    utcOffset: 0,
    paused: true,
    // 1 is Sunday.
    alternativeWeekdays: true,
    // "?" means any day, so that the other day field alone decides.
    domAndDow: true,
    // `0/6` means every sixth value from 0.
    sloppyRanges: true,
  });
}
