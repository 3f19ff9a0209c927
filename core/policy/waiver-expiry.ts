import { createHash } from 'node:crypto';
import { isAccepting } from '../model/vex.ts';
import { purlText } from '../sbom/purl.ts';
import { daysAfter } from '../time/day.ts';
import type { Waivers } from './waivers.ts';

/** So long before the end of what the index accepts everybody hears of it. */
export const warningDays = 7;

/** An exception or a statement that people have to be told of, for it ends soon or has ended. */
export interface Ending {
  kind: 'soon' | 'ended';
  /** `CVE-2026-1234` */
  id: string;
  packages: readonly string[];
  /** `shop team`, or the author of the document. */
  owner: string;
  /** Of a statement; an exception stands in the project's entry. */
  file?: string;
  reason?: string;
  /** The last day on which it counts. */
  expires: string;
  /** What tells it from every other, and from itself with another day. */
  key: string;
}

type Accepting = Omit<Ending, 'kind' | 'key'>;

/** All that ends within seven days of a day, or ended before it. What has ended comes first. */
export function endingsOn(day: string, waivers: Waivers): Ending[] {
  const soon = daysAfter(day, warningDays);
  return acceptingOf(waivers)
    .filter(({ expires }) => expires <= soon)
    .map((each) => {
      const kind = each.expires < day ? ('ended' as const) : ('soon' as const);
      const { id, packages, file, expires } = each;
      const key = createHash('sha256')
        .update(JSON.stringify([kind, expires, id, packages, file]))
        .digest('hex');
      return { ...each, kind, key: key.slice(0, 16) };
    })
    .sort((one, other) => (one.expires < other.expires ? -1 : one.expires > other.expires ? 1 : 0));
}

/** The first day after another on which there is something to tell; without another, the first of all. */
export function nextEnding(waivers: Waivers, after = ''): string | undefined {
  const days = acceptingOf(waivers).flatMap(({ expires }) => [daysAfter(expires, -warningDays), daysAfter(expires, 1)]);
  return days.filter((day) => day > after).sort()[0];
}

/** What accepts something. Of statements on the same, only the newest counts. */
function acceptingOf({ exceptions = [], vex = [] }: Waivers): Accepting[] {
  const seen = new Set<string>();
  const newest = vex.filter(({ ids: [id], packages = [] }) => {
    const key = JSON.stringify([id, packages]);
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst;
  });
  return [
    ...exceptions.map(({ id, package: name, owner, reason, expires }) => ({
      id,
      packages: name === undefined ? [] : [name],
      owner,
      reason,
      expires,
    })),
    ...newest
      .filter(({ status }) => isAccepting(status))
      .map(({ ids: [id = ''], packages = [], author, file, expires }) => ({
        id,
        packages: packages.map(purlText),
        owner: author,
        file,
        expires,
      })),
  ];
}
