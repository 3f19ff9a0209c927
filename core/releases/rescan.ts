import type { Scan } from '../model/findings.ts';
import { isFloating, nextRescanAt, type ReleasedImage, shortestPause } from './release.ts';
import type { RescanResult } from './rescan-findings.ts';

/** What the registry says about an image now: a scan, or why there is none. */
export type ImageReading =
  | Scan
  /** A scan is running or to come; none was requested yet, or Inspector has not seen the image yet; the image is gone. */
  | { state: 'pending' | 'none' | 'gone'; reason: string; status?: string | undefined };

/** When a scan that was started is checked again; the event of its end comes sooner. */
const scanMinutes = 60;
/** When a scan that the registry refused is requested again. */
const refusedMinutes = 6 * 60;
/** When an image whose rescan failed is tried again, so that the others come first. */
const troubleMinutes = 60;
/** An image is rescanned this long after its first event: scanners send one event for each finding. */
const collectingMinutes = 5;

interface Wait {
  do: 'wait';
  requestedAt: string;
  dueAt: string;
  reason: string;
}

export type RescanDecision =
  /** This is what is known of the image today. */
  | { do: 'take'; result: RescanResult }
  /** A scan must be requested from the registry. */
  | { do: 'request' }
  | Wait;

type Requested = Pick<ReleasedImage, 'requestedAt'>;

/**
 * Whether to request another scan of a released image. Inspector keeps its findings up to date by itself; the result of basic scanning
 * counts for a day. A requested scan that has no result after a day counts as failed.
 */
export function decideRescan(image: Requested, reading: ImageReading, now: Date): RescanDecision {
  switch (reading.state) {
    case 'gone':
      return { do: 'take', result: { state: 'gone', reason: reading.reason } };
    case 'pending':
      return isOverdue(image, now)
        ? failed(`The scan did not end: ${reading.reason}`)
        : waitFor(image.requestedAt, scanMinutes, reading.reason, now);
    case 'none':
      return { do: 'request' };
    default:
      return isOfToday(reading, image, now) ? { do: 'take', result: reading } : { do: 'request' };
  }
}

/** What follows the request of a scan: the registry started one, refused, or already has the only result there will be. */
export function afterScanRequest(
  image: Requested,
  reading: ImageReading,
  answer: 'begun' | 'refused' | Scan,
  now: Date,
): Exclude<RescanDecision, { do: 'request' }> {
  if (typeof answer === 'object') return { do: 'take', result: answer };
  if (answer === 'begun') return waitFor(undefined, scanMinutes, 'The registry is scanning the image.', now);
  const scan = isScan(reading) ? reading : undefined;
  // Basic scanning will not read today what it could not read before; after a day without a new scan, an old one is better than none.
  if (scan && (scan.state !== 'complete' || isOverdue(image, now))) return { do: 'take', result: scan };
  if (isOverdue(image, now)) return failed('The registry did not start a scan of the image within a day.');
  return waitFor(
    image.requestedAt,
    refusedMinutes,
    'The registry does not start a scan of the image at this time.',
    now,
  );
}

/** The next rescan after one that ended now; undefined if the image is gone. */
export function dueAfterRescan(digest: string, { state }: Pick<RescanResult, 'state'>, now: Date): string | undefined {
  return state === 'gone' ? undefined : nextRescanAt(digest, now);
}

export function dueAfterFailure(now: Date): string {
  return later(now, troubleMinutes);
}

export function dueAfterEvent(now: Date): string {
  return later(now, collectingMinutes);
}

/** The floating ones of the tags that name an image now. In a repository that several entries share, only the project's own. */
export function floatingOf(named: readonly string[], image: Pick<ReleasedImage, 'tags'>, isShared: boolean): string[] {
  return named
    .filter((tag) => isFloating(tag) && (!isShared || image.tags.has(tag)))
    .toSorted((one, other) => (one < other ? -1 : 1));
}

function isScan(reading: ImageReading): reading is Scan {
  return reading.state !== 'pending' && reading.state !== 'none' && reading.state !== 'gone';
}

function isOfToday(scan: Scan, image: Requested, now: Date): boolean {
  if (scan.scanner === 'enhanced') return true;
  // A scan that did not complete has no time; it is the result of the request, if there was one.
  if (scan.completedAt === undefined) return isAwaited(image, now);
  return Date.parse(scan.completedAt) > now.getTime() - shortestPause;
}

/** A scan was requested less than a day ago. */
function isAwaited({ requestedAt }: Requested, now: Date): boolean {
  return requestedAt !== undefined && Date.parse(requestedAt) > now.getTime() - shortestPause;
}

/** A scan was requested a day ago or more. */
function isOverdue(image: Requested, now: Date): boolean {
  return image.requestedAt !== undefined && !isAwaited(image, now);
}

function waitFor(requestedAt: string | undefined, minutes: number, reason: string, now: Date): Wait {
  return { do: 'wait', requestedAt: requestedAt ?? now.toISOString(), dueAt: later(now, minutes), reason };
}

function failed(reason: string): { do: 'take'; result: RescanResult } {
  return { do: 'take', result: { state: 'failed', findings: [], reason } };
}

function later(now: Date, minutes: number): string {
  return new Date(now.getTime() + minutes * 60_000).toISOString();
}
