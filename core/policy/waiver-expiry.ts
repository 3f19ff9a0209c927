import { createHash } from 'node:crypto';
import { isAccepting } from '../model/vex.ts';
import { purlText } from '../sbom/purl.ts';
import { daysAfter } from '../time/day.ts';
import type { Waivers } from './waivers.ts';

/** Owners are notified this many days before a waiver ends. */
export const warningDays = 7;

/** An exception or statement that ends soon or has ended, so that its owners must be notified. */
export interface WaiverExpiry {
  kind: 'soon' | 'ended';
  /** `CVE-2026-1234` */
  id: string;
  packages: readonly string[];
  /** `shop team`; for a VEX statement the author of the document. */
  owner: string;
  /** Only of a statement: an exception is in the project's entry. */
  file?: string;
  reason?: string;
  /** The last day on which it counts. */
  expires: string;
  /** Differs for every other waiver, and for the same one with another day. */
  key: string;
}

type Accepting = Omit<WaiverExpiry, 'kind' | 'key'>;

/** All waivers that end within seven days after a day, or ended before it. Those that have ended come first. */
export function expiriesOn(day: string, waivers: Waivers): WaiverExpiry[] {
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

/** The first day after `after` on which owners must be notified; without `after`, the first of all. */
export function nextExpiryWarning(waivers: Waivers, after = ''): string | undefined {
  const days = acceptingOf(waivers).flatMap(({ expires }) => [daysAfter(expires, -warningDays), daysAfter(expires, 1)]);
  return days.filter((day) => day > after).sort()[0];
}

/** The waivers. Of several statements on one vulnerability and its packages, only the newest counts. */
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
