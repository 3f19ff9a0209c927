import type { Scan } from '../model/findings.ts';
import { isFloating, nextRescanAt, type ReleasedImage, shortestPause } from './release.ts';
import type { Look } from './rescan-findings.ts';

/** What the registry knows of an image at this moment: a scan, or why there is none. */
export type ImageReading =
  | Scan
  /** It is to come; nobody has asked for one yet, or Inspector has not taken notice of the image; there is no image. */
  | { state: 'pending' | 'none' | 'gone'; reason: string; status?: string | undefined };

/** When a scan is looked for again that was begun; the event of its end comes sooner. */
const scanMinutes = 60;
/** When a scan is asked for again that the registry had no room for. */
const refusedMinutes = 6 * 60;
/** When an image is looked at again that could not be, so that the others come first. */
const troubleMinutes = 60;
/** So long after the first event of an image it is looked at: scanners send one for each finding. */
const collectingMinutes = 5;

interface Wait {
  do: 'wait';
  askedAt: string;
  dueAt: string;
  reason: string;
}

export type RescanDecision =
  /** This is what is known of the image today. */
  | { do: 'take'; look: Look }
  /** The registry is to be asked for a scan. */
  | { do: 'ask' }
  | Wait;

type Asked = Pick<ReleasedImage, 'askedAt'>;

/**
 * Whether the registry is asked for another scan of a released image. Inspector keeps its findings up to date by itself; what basic scanning
 * found counts for a day. A scan that was asked for is waited for as long, and then said to have failed.
 */
export function decideRescan(image: Asked, reading: ImageReading, now: Date): RescanDecision {
  switch (reading.state) {
    case 'gone':
      return { do: 'take', look: { state: 'gone', reason: reading.reason } };
    case 'pending':
      return isInVain(image, now)
        ? failed(`The scan did not end: ${reading.reason}`)
        : waitFor(image.askedAt, scanMinutes, reading.reason, now);
    case 'none':
      return { do: 'ask' };
    default:
      return isOfToday(reading, image, now) ? { do: 'take', look: reading } : { do: 'ask' };
  }
}

/** What is done once the registry was asked for a scan: it has begun one, or begins none, or says what there will ever be. */
export function afterAsking(
  image: Asked,
  reading: ImageReading,
  answer: 'begun' | 'refused' | Scan,
  now: Date,
): Exclude<RescanDecision, { do: 'ask' }> {
  if (typeof answer === 'object') return { do: 'take', look: answer };
  if (answer === 'begun') return waitFor(undefined, scanMinutes, 'The registry is scanning the image.', now);
  const scan = isScan(reading) ? reading : undefined;
  // What basic scanning could not read this day it will not read this day; after a day in vain an old scan is better than none.
  if (scan && (scan.state !== 'complete' || isInVain(image, now))) return { do: 'take', look: scan };
  if (isInVain(image, now)) return failed('The registry has begun no scan of the image for a day.');
  return waitFor(image.askedAt, refusedMinutes, 'The registry begins no scan of the image at this time.', now);
}

/** When an image is looked at next that was looked at now; never, if it is gone. */
export function dueAfterLook(digest: string, { state }: Pick<Look, 'state'>, now: Date): string | undefined {
  return state === 'gone' ? undefined : nextRescanAt(digest, now);
}

export function dueAfterTrouble(now: Date): string {
  return later(now, troubleMinutes);
}

export function dueAfterEvent(now: Date): string {
  return later(now, collectingMinutes);
}

/** The tags that move, of those that name an image now; of a repository that entries share, only the project's own. */
export function floatingOf(named: readonly string[], image: Pick<ReleasedImage, 'tags'>, isShared: boolean): string[] {
  return named
    .filter((tag) => isFloating(tag) && (!isShared || image.tags.has(tag)))
    .toSorted((one, other) => (one < other ? -1 : 1));
}

function isScan(reading: ImageReading): reading is Scan {
  return reading.state !== 'pending' && reading.state !== 'none' && reading.state !== 'gone';
}

function isOfToday(scan: Scan, image: Asked, now: Date): boolean {
  if (scan.scanner === 'enhanced') return true;
  // What ended otherwise has no time; it is the answer if it was asked for.
  if (scan.completedAt === undefined) return isAwaited(image, now);
  return Date.parse(scan.completedAt) > now.getTime() - shortestPause;
}

/** A scan was asked for within a day. */
function isAwaited({ askedAt }: Asked, now: Date): boolean {
  return askedAt !== undefined && Date.parse(askedAt) > now.getTime() - shortestPause;
}

/** A scan was asked for, and a day has gone by. */
function isInVain(image: Asked, now: Date): boolean {
  return image.askedAt !== undefined && !isAwaited(image, now);
}

function waitFor(askedAt: string | undefined, minutes: number, reason: string, now: Date): Wait {
  return { do: 'wait', askedAt: askedAt ?? now.toISOString(), dueAt: later(now, minutes), reason };
}

function failed(reason: string): { do: 'take'; look: Look } {
  return { do: 'take', look: { state: 'failed', findings: [], reason } };
}

function later(now: Date, minutes: number): string {
  return new Date(now.getTime() + minutes * 60_000).toISOString();
}
