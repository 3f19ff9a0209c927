import { countsOf } from '../../core/model/findings.ts';
import { verdictToday } from '../../core/releases/reevaluate.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import { afterScanRequest, decideRescan, dueAfterRescan, floatingOf } from '../../core/releases/rescan.ts';
import { afterRescan } from '../../core/releases/rescan-findings.ts';
import { ifReadable, type Records } from '../../services/records/records.ts';
import type { ImageTags } from '../../services/registry/image-tags.ts';
import type { PlatformScans } from '../../services/registry/platform-scans.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';
import type { Releases } from '../../services/tables/releases.ts';

interface Services {
  records: Pick<Records, 'scan' | 'releaseFindings' | 'putReleaseFindings'>;
  releases: Pick<Releases, 'settle'>;
  scans: Pick<PlatformScans, 'read' | 'start'>;
  tags: Pick<ImageTags, 'of'>;
  /** Unparsed, from the pipeline's configuration. */
  policy: unknown;
}

/**
 * Rescans one released image with today's knowledge and stores the findings. If something has changed, the image's item says that people
 * are to be notified. Nothing is changed in the registry.
 */
export function createRescanImage({ records, releases, scans, tags, policy }: Services) {
  async function decide(image: ReleasedImage, now: Date) {
    const reading = await scans.read(image);
    const decision = decideRescan(image, reading, now);
    return decision.do === 'request' ? afterScanRequest(image, reading, await scans.start(image), now) : decision;
  }

  return async function rescanImage(
    image: ReleasedImage,
    project: ProjectRecord | undefined,
    now: Date,
  ): Promise<'waiting' | 'unchanged' | 'changed'> {
    const decision = await decide(image, now);
    if (decision.do === 'wait') {
      const { requestedAt, dueAt, reason } = decision;
      await releases.settle(image, { requestedAt, dueAt, reason }, now);
      return 'waiting';
    }
    const { result } = decision;
    const tagsOfImage = result.state === 'gone' ? undefined : await tags.of(image);
    const before = await ifReadable(records.releaseFindings(image));
    const atRelease = before ? undefined : await ifReadable(records.scan(image.build));
    const findings = afterRescan(result, before, atRelease, now);
    await records.putReleaseFindings(image, findings);
    const isChanged = findings.notified !== undefined;
    await releases.settle(
      image,
      {
        state: findings.state,
        reason: findings.state === 'complete' ? undefined : findings.reason,
        counts: countsOf(findings.findings),
        appeared: findings.findings.filter(({ since }) => since).length,
        outcome: verdictToday(findings, project, policy, now)?.outcome,
        checkedAt: findings.checkedAt,
        requestedAt: undefined,
        ...(tagsOfImage && { floating: floatingOf(tagsOfImage, image, project?.sharesRepository ?? false) }),
        // The image stays due until people are notified.
        ...(isChanged ? { toNotify: true } : { dueAt: dueAfterRescan(image.digest, result, now) }),
      },
      now,
    );
    return isChanged ? 'changed' : 'unchanged';
  };
}
