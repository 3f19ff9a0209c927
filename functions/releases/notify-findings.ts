import type { Logger } from '@aws-lambda-powertools/logger';
import { mapConcurrently } from '../../core/concurrency.ts';
import { findingsMail, type ReleaseChanges } from '../../core/mail/rescan-mail.ts';
import { countsOf } from '../../core/model/findings.ts';
import { getsFindings, isWorthMail } from '../../core/releases/notification.ts';
import { verdictToday } from '../../core/releases/reevaluate.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import { dueAfterRescan } from '../../core/releases/rescan.ts';
import {
  allNotified,
  changesOf,
  type FindingChanges,
  type ReleaseFindings,
} from '../../core/releases/rescan-findings.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import type { Mailer } from '../../services/mail/mailer.ts';
import type { Records } from '../../services/records/records.ts';
import type { ImageTags } from '../../services/registry/image-tags.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';
import type { Releases } from '../../services/tables/releases.ts';
import type { Recipients } from '../mail/recipients.ts';

interface Services {
  records: Pick<Records, 'releaseFindings' | 'putReleaseFindings'>;
  releases: Pick<Releases, 'get' | 'settle'>;
  tags: Pick<ImageTags, 'isThere'>;
  mailer: Mailer;
  recipients: Recipients;
  policy: unknown;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

const readsAtOnce = 8;

interface PendingNotification {
  image: ReleasedImage;
  findings: ReleaseFindings;
  changes: FindingChanges;
}

/** Notifies a project's people of what rescans of its released images found, in one mail for all images. */
export function createNotifyFindings(services: Services) {
  const { records, releases, tags, mailer, recipients, policy, siteUrl, indexUrl, logger } = services;

  async function pendingNotificationOf(image: ReleasedImage): Promise<PendingNotification | undefined> {
    const findings = await records.releaseFindings(image);
    const changes = findings && changesOf(findings);
    return changes && { image, findings, changes };
  }

  async function isNotable({ image, findings }: PendingNotification): Promise<boolean> {
    const isThere = new Map<string, boolean>();
    if (findings.state === 'gone')
      for (const tag of image.floating) isThere.set(tag, await tags.isThere(image.repository, tag));
    return isWorthMail(findings, image, isThere);
  }

  const mailEntryOf = (
    { image, findings, changes }: PendingNotification,
    project: ProjectRecord,
    now: Date,
  ): ReleaseChanges => ({
    digest: image.digest,
    tags: image.floating,
    releasedAt: image.releasedAt,
    changes,
    reason: findings.reason,
    counts: countsOf(findings.findings),
    verdict: verdictToday(findings, project, policy, now),
  });

  async function send(project: ProjectRecord, notable: PendingNotification[], now: Date): Promise<boolean> {
    if (notable.length === 0 || !getsFindings(project)) return false;
    const entries = notable.map((each) => mailEntryOf(each, project, now));
    const scans = notable.map(({ image }) => `${image.digest} ${image.checkedAt}`);
    const id = `findings ${project.name} ${scans.sort().join(' ')}`;
    const mail = findingsMail({ project: project.name, releases: entries, siteUrl, indexUrl });
    const to = await recipients.of(project);
    return sendBestEffort({ mailer, logger }, { id, to, mail, about: { project: project.name } });
  }

  /** @returns whether a mail went out */
  return async function notifyFindings(
    images: readonly ReleasedImage[],
    project: ProjectRecord | undefined,
    now: Date,
  ): Promise<boolean> {
    const current = await mapConcurrently(images, readsAtOnce, async (image) => (await releases.get(image)) ?? image);
    const toNotify = (await mapConcurrently(current, readsAtOnce, pendingNotificationOf)).filter(
      (each) => each !== undefined,
    );
    const notable: PendingNotification[] = [];
    for (const each of toNotify) if (await isNotable(each)) notable.push(each);
    const isSent = project !== undefined && (await send(project, notable, now));
    // Changes that were not worth a mail are marked as notified too, so that they are not mailed when a tag names the image again.
    for (const { image, findings } of toNotify) await records.putReleaseFindings(image, allNotified(findings));
    for (const image of current) {
      const known = toNotify.find((each) => each.image === image);
      const isNotified = isSent && notable.some((each) => each.image === image);
      await releases.settle(
        image,
        {
          toNotify: undefined,
          dueAt: dueAfterRescan(image.digest, known?.findings ?? { state: 'complete' }, now),
          notifiedAt: isNotified ? now.toISOString() : image.notifiedAt,
        },
        // An event that arrived after the rescan is not in the mail.
        new Date(image.checkedAt ?? now),
      );
    }
    return isSent;
  };
}
