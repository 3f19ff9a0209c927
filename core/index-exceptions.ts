import type { Finding } from './index-entry-check.ts';
import { quoted } from './index-problem.ts';
import type { Mapping } from './index-yaml.ts';

const longestDays = 180;
const dayLength = 86_400_000;

/** Whether the exceptions of an entry end in time. One that has ended is no error: entries would break by themselves. */
export function exceptionFindings(entry: Mapping, now: Date): Finding[] {
  const list = entry.keys.get('exceptions')?.value;
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item): Finding[] => {
    const expires = item.kind === 'mapping' ? item.keys.get('expires')?.value : undefined;
    // What is no day of the calendar is told by the schema.
    if (expires?.kind !== 'text' || !isDay(expires.text)) return [];
    const daysLeft = (Date.parse(expires.text) - now.getTime()) / dayLength;
    const latest = new Date(now.getTime() + longestDays * dayLength).toISOString().slice(0, 10);
    if (daysLeft > longestDays) {
      const message = `"expires" is more than ${longestDays} days ahead: ${quoted(expires.text)}. Write ${latest} at the latest, and look at it again then.`;
      return [{ severity: 'error', code: 'exception', offset: expires.offset, message }];
    }
    if (daysLeft >= -1) return [];
    const message = `This exception has ended: the finding counts again. Take it out, or give it a new day until ${latest}.`;
    return [{ severity: 'warning', code: 'exception', offset: expires.offset, message }];
  });
}

function isDay(text: string): boolean {
  const moment = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(text);
}
