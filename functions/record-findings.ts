import { mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { scannedImagesOf } from '../core/scanners/scan-event.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';

interface Services {
  releases: Pick<Releases, 'ofDigest' | 'indexesOf' | 'mark'>;
}

/**
 * Marks a released image for a rescan soon when a scanner sends an event about it, or about an image of its index. The event's own findings
 * are ignored: the rescan queries the registry, and a thousand events of one image cause one rescan.
 */
export function createRecordFindings({ releases }: Services) {
  return async function recordFindings(event: unknown, now = new Date()): Promise<number> {
    let marked = 0;
    for (const { repository, digest } of scannedImagesOf(event)) {
      const released = await Promise.all([releases.ofDigest(digest), releases.indexesOf(digest)]);
      const images = released.flat().filter((image) => image.repository === repository);
      await mapConcurrently(images, 4, (image) => releases.mark(image, now));
      marked += images.length;
    }
    return marked;
  };
}

const run = once(() => createRecordFindings({ releases: openReleases() }));

export function handler(event: unknown): Promise<number> {
  return run()(event);
}
