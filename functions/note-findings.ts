import { mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { scannedImagesOf } from '../core/scanners/scan-event.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';

interface Services {
  releases: Pick<Releases, 'ofDigest' | 'mark'>;
}

/**
 * Has a released image looked at soon of which a scanner has news. What the event says of the findings is not taken: the look asks the
 * registry, and thousand events of one image are one look.
 */
export function createNoteFindings({ releases }: Services) {
  return async function noteFindings(event: unknown, now = new Date()): Promise<number> {
    let noted = 0;
    for (const { repository, digest } of scannedImagesOf(event)) {
      const images = (await releases.ofDigest(digest)).filter((image) => image.repository === repository);
      await mapConcurrently(images, 4, (image) => releases.mark(image, now));
      noted += images.length;
    }
    return noted;
  };
}

const run = once(() => createNoteFindings({ releases: openReleases() }));

export function handler(event: unknown): Promise<number> {
  return run()(event);
}
