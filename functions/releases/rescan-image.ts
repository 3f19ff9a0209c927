import { countsOf, type Scan } from '../../core/model/findings.ts';
import { verdictToday } from '../../core/releases/reevaluate.ts';
import { isFloating, nextLookAt, type ReleasedImage, shortestPause } from '../../core/releases/release.ts';
import { afterLook, type Look } from '../../core/releases/rescan-findings.ts';
import { ifReadable, type Records } from '../../services/records/records.ts';
import type { ImageReading, ImageScans } from '../../services/registry/image-scans.ts';
import type { ImageTags } from '../../services/registry/image-tags.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';
import type { Releases } from '../../services/tables/releases.ts';

interface Services {
  records: Pick<Records, 'scan' | 'releaseFindings' | 'putReleaseFindings'>;
  releases: Pick<Releases, 'settle'>;
  scans: Pick<ImageScans, 'read' | 'start'>;
  tags: Pick<ImageTags, 'of'>;
  /** As the configuration says it. */
  policy: unknown;
}

/** When a scan is looked for again that was begun; the event of its end comes sooner. */
const scanMinutes = 60;
/** When a scan is asked for again that the registry had no room for. */
const refusedMinutes = 6 * 60;

const later = (now: Date, minutes: number) => new Date(now.getTime() + minutes * 60_000).toISOString();

/** What is known of an image, or until when nothing will be. */
type Found = { look: Look } | { askedAt?: string | undefined; dueAt: string; reason: string };

/**
 * Looks at one released image with what is known today, and keeps what it found: the item says that people are to be told where
 * something has changed. Nothing is changed in the registry.
 */
export function createLookAtRelease({ records, releases, scans, tags, policy }: Services) {
  async function find(image: ReleasedImage, now: Date): Promise<Found> {
    const reading = await scans.read(image);
    const askedAt =
      image.askedAt && Date.parse(image.askedAt) > now.getTime() - shortestPause ? image.askedAt : undefined;
    if (reading.state === 'gone') return { look: { state: 'gone', reason: reading.reason } };
    const scan = isScan(reading) ? reading : undefined;
    // Whoever asked for a scan has waited for a day.
    const isInVain = image.askedAt !== undefined && askedAt === undefined;
    if (reading.state === 'pending') {
      if (isInVain) return { look: { ...silence, reason: `The scan did not end: ${reading.reason}` } };
      return { askedAt: image.askedAt ?? now.toISOString(), dueAt: later(now, scanMinutes), reason: reading.reason };
    }
    if (scan && isOfToday(scan, askedAt, now)) return { look: scan };
    const started = await scans.start(image);
    if (typeof started === 'object') return { look: started };
    if (started === 'begun') {
      const reason = 'The registry is scanning the image.';
      return { askedAt: now.toISOString(), dueAt: later(now, scanMinutes), reason };
    }
    // Inspector scans when it wants to, and what basic scanning could not read this day it will not read this day.
    if (scan && (scan.state !== 'complete' || isInVain)) return { look: scan };
    if (isInVain) return { look: { ...silence, reason: 'The registry has begun no scan of the image for a day.' } };
    return {
      askedAt: image.askedAt ?? now.toISOString(),
      dueAt: later(now, refusedMinutes),
      reason: 'The registry begins no scan of the image at this time.',
    };
  }

  return async function lookAtRelease(
    image: ReleasedImage,
    project: ProjectRecord | undefined,
    now: Date,
  ): Promise<'waiting' | 'same' | 'news'> {
    const found = await find(image, now);
    if (!('look' in found)) {
      await releases.settle(image, found, now);
      return 'waiting';
    }
    const { look } = found;
    const named = look.state === 'gone' ? undefined : await tags.of(image);
    const before = await ifReadable(records.releaseFindings(image));
    const atRelease = before ? undefined : await ifReadable(records.scan(image.build));
    const findings = afterLook(look, before, atRelease, now);
    await records.putReleaseFindings(image, findings);
    const isNews = findings.told !== undefined;
    await releases.settle(
      image,
      {
        state: findings.state,
        reason: findings.state === 'complete' ? undefined : findings.reason,
        counts: countsOf(findings.findings),
        appeared: findings.findings.filter(({ since }) => since).length,
        outcome: verdictToday(findings, project, policy, now)?.outcome,
        checkedAt: findings.checkedAt,
        askedAt: undefined,
        ...(named && { floating: floatingOf(named, image, project) }),
        // It stays due until people are told.
        ...(isNews ? { untold: true } : { dueAt: look.state === 'gone' ? undefined : nextLookAt(image.digest, now) }),
      },
      now,
    );
    return isNews ? 'news' : 'same';
  };
}

function isScan(reading: ImageReading): reading is Scan {
  return reading.state !== 'pending' && reading.state !== 'none' && reading.state !== 'gone';
}

const silence = { state: 'failed' as const, findings: [] };

/** Inspector keeps its findings up to date by itself; a scan of basic scanning is of the hour in which it ended. */
function isOfToday(scan: Scan, askedAt: string | undefined, now: Date): boolean {
  if (scan.scanner === 'enhanced') return true;
  // What ended otherwise has no time; it is the answer if it was asked for.
  if (scan.completedAt === undefined) return askedAt !== undefined;
  return Date.parse(scan.completedAt) > now.getTime() - shortestPause;
}

/** Of a repository that entries share, only the tags that are the project's own. */
function floatingOf(named: readonly string[], image: ReleasedImage, project: ProjectRecord | undefined): string[] {
  return named
    .filter((tag) => isFloating(tag) && (!project?.sharesRepository || image.tags.has(tag)))
    .toSorted((one, other) => (one < other ? -1 : 1));
}
