import * as z from 'zod';
import type { Exception } from '../model/exception.ts';
import { vexJustifications, vexStatuses } from '../model/vex.ts';
import { quoted } from '../text/visible.ts';
import { dayOf, daysAfter } from '../time/day.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { day, oneOf, prose, text } from './values.ts';
import { type Mapping, textOf } from './yaml.ts';

/** An exception must be reviewed after this many days. */
export const longestDays = 180;
/** In bytes: a DynamoDB item has 400 KB for all data of a project. */
const largestExceptions = 100_000;
const longestOwner = 200;

export const exceptionMapping = z.strictObject(
  {
    id: text.describe(
      'The finding as a verdict names it: CVE-2026-1234, or an id of a scanner such as DL3006, openssl or /etc/passwd.',
    ),
    package: text
      .max(200, 'It is longer than 200 characters.')
      .nullish()
      .describe('Of which package; of all if absent.'),
    reason: prose.describe('Why it does no harm here.'),
    owner: text
      .max(longestOwner, `It is longer than ${longestOwner} characters.`)
      .describe('Who answers for that: a person or a team.'),
    expires: day.describe('The day that the exception ends with, at most 180 days ahead.'),
    status: oneOf(vexStatuses)
      .nullish()
      .describe('What it means for the image, in the words of VEX. It is accepted whatever the status is.'),
    justification: oneOf(vexJustifications)
      .nullish()
      .describe('Why the image is not affected: with `status: not_affected`, and only then.'),
  },
  { error: 'It must be a mapping with id, reason, owner and expires.' },
);

/** Only the ids of CVE ignore case. */
export function normalId(id: string): string {
  return /^cve-\d/i.test(id) ? id.toUpperCase() : id;
}

/** Converts the written exceptions into those that the pipeline stores. */
export function exceptionsOf(
  written: readonly z.infer<typeof exceptionMapping>[] | null | undefined,
): Exception[] | undefined {
  return written?.map(({ id, package: name, reason, owner, expires, status, justification }) => {
    const stated = vexStatuses.find((known) => known === status?.toLowerCase());
    const justified = vexJustifications.find((known) => known === justification?.toLowerCase());
    return {
      id: normalId(id),
      package: name || undefined,
      reason,
      owner,
      expires,
      status: stated,
      justification: justified,
    };
  });
}

/**
 * Checks what a schema cannot: that an entry's exceptions end in time, have the justification that VEX requires, and occur once each. An
 * expired exception is no error, or entries would break just because time passes.
 */
export function exceptionDiagnostics(entry: Mapping, now: Date): FileDiagnostic[] {
  const list = entry.keys.get('exceptions')?.value;
  if (list?.kind !== 'list') return [];
  const seen = new Set<string>();
  const diagnostics = list.items.flatMap((item) =>
    item.kind === 'mapping'
      ? [...expiryDiagnostics(item, now), ...vexDiagnostics(item), ...duplicateDiagnostics(item, seen)]
      : [],
  );
  const bytes = list.items.reduce((sum, item) => sum + bytesOf(item), 0);
  if (bytes <= largestExceptions) return diagnostics;
  const message = `The exceptions of the entry have ${bytes} bytes, and ${largestExceptions} is all that is kept. Shorten the reasons.`;
  return [...diagnostics, { severity: 'error', code: 'exception', offset: list.offset, message }];
}

function expiryDiagnostics(item: Mapping, now: Date): FileDiagnostic[] {
  const expires = textOf(item, 'expires');
  // The schema reports what is not a day of the calendar.
  if (!expires || !z.iso.date().safeParse(expires.text).success) return [];
  const today = dayOf(now);
  const latest = daysAfter(today, longestDays);
  if (expires.text > latest) {
    const message = `"expires" is more than ${longestDays} days ahead: ${quoted(expires.text)}. Write ${latest} at the latest, and review it then.`;
    return [{ severity: 'error', code: 'exception', offset: expires.offset, message }];
  }
  if (expires.text >= today) return [];
  const message = `This exception has ended: the finding counts again. Take it out, or give it a new day until ${latest}.`;
  return [{ severity: 'warning', code: 'exception', offset: expires.offset, message }];
}

/** https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md#status-justifications */
function vexDiagnostics(item: Mapping): FileDiagnostic[] {
  const status = textOf(item, 'status');
  const justification = textOf(item, 'justification');
  const isNotAffected = status?.text.toLowerCase() === 'not_affected';
  const refuse = (offset: number, message: string): FileDiagnostic[] => [
    { severity: 'error', code: 'exception', offset, message },
  ];
  if (isNotAffected && !justification) {
    return refuse(
      status.offset,
      `"status: not_affected" needs a "justification". Choose one of ${vexJustifications.join(', ')}.`,
    );
  }
  if (isNotAffected || !justification) return [];
  return refuse(justification.offset, '"justification" is for "status: not_affected" only. Take it out.');
}

function duplicateDiagnostics(item: Mapping, seen: Set<string>): FileDiagnostic[] {
  const id = textOf(item, 'id');
  if (!id) return [];
  const name = textOf(item, 'package')?.text;
  const key = JSON.stringify([normalId(id.text), name]);
  if (!seen.has(key)) {
    seen.add(key);
    return [];
  }
  const message = `There is an exception of ${quoted(id.text)}${name ? ` in ${quoted(name)}` : ''} already. Keep one of the two.`;
  return [{ severity: 'error', code: 'exception', offset: id.offset, message }];
}

function bytesOf(item: Mapping | { kind: string }): number {
  if (!('keys' in item)) return 0;
  let bytes = 0;
  for (const { value } of item.keys.values()) if (value.kind === 'text') bytes += Buffer.byteLength(value.text);
  return bytes;
}
