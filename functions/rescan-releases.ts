import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { mapConcurrently } from '../core/concurrency.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { projectNameSchema } from '../core/model/project-name.ts';
import { once } from '../core/once.ts';
import type { ReleasedImage } from '../core/releases/release.ts';
import { dueAfterFailure } from '../core/releases/rescan.ts';
import { jsonVariable, siteUrl } from '../services/environment.ts';
import { indexUrl } from '../services/git-host/index-address.ts';
import { openMailer } from '../services/mail/mailer.ts';
import { openRecords } from '../services/records/records.ts';
import { openImageTags } from '../services/registry/image-tags.ts';
import { openPlatformScans } from '../services/registry/platform-scans.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { openRecipients } from './mail/recipients.ts';
import { createNotifyFindings } from './releases/notify-findings.ts';
import { createRescanImage } from './releases/rescan-image.ts';

/** A manual call may name a project, whose releases are rescanned at once. EventBridge's own event names none. */
const eventSchema = z.object({ project: projectNameSchema.optional() });

const imagesAtOnce = 8;
/** More are left for the next run. */
const imagesPerRun = 2000;

interface Services {
  projects: Pick<Projects, 'getMany'>;
  releases: Pick<Releases, 'due' | 'allOf' | 'settle' | 'beginRun' | 'endRun'>;
  rescan: ReturnType<typeof createRescanImage>;
  notify: ReturnType<typeof createNotifyFindings>;
  logger: Logger;
}

export interface RescanReport {
  /** Another run holds the lock: nothing was done. */
  busy?: true;
  rescanned: number;
  /** Images whose scan has not ended yet. */
  waiting: number;
  /** Images with changes to notify people of. */
  changed: number;
  mails: number;
  failed: number;
  /** Images that this run had no time for. */
  left: number;
}

interface Run {
  now: Date;
  /** No image is begun after this. */
  deadline: Date;
  /** By then the process that holds the lock has certainly ended. */
  until: Date;
  /** Rescan all releases of this project, due or not; if absent, all releases that are due. */
  project?: string | undefined;
}

/**
 * Rescans the released images that are due, and notifies people of what has changed. The next run makes up for one that crashed: an image
 * stays due until its findings are stored and notified. Releases and tags stay as they are, whatever is found.
 */
export function createRescanReleases({ projects, releases, rescan, notify, logger }: Services) {
  async function rescanAll({ now, deadline, project }: Run): Promise<RescanReport> {
    const report: RescanReport = { rescanned: 0, waiting: 0, changed: 0, mails: 0, failed: 0, left: 0 };
    const isLate = () => Date.now() >= deadline.getTime();
    let firstError: unknown;
    const recordError = (message: string, about: Record<string, string>, error: unknown) => {
      firstError ??= error;
      report.failed += 1;
      logger.error(message, { ...about, error: error as Error });
    };

    const images = project === undefined ? await releases.due(now, imagesPerRun) : await releases.allOf(project);
    const names = [...new Set(images.map((image) => image.project))];
    const byName = new Map((await projects.getMany(names)).map((each) => [each.name, each]));

    const toNotify: ReleasedImage[] = [];
    await mapConcurrently(images, imagesAtOnce, async (image) => {
      if (image.toNotify) return void toNotify.push(image);
      if (isLate()) {
        report.left += 1;
        return;
      }
      try {
        const outcome = await rescan(image, byName.get(image.project), now);
        if (outcome === 'waiting') report.waiting += 1;
        else report.rescanned += 1;
        if (outcome === 'changed') toNotify.push(image);
      } catch (error) {
        recordError('A released image could not be rescanned', { project: image.project, digest: image.digest }, error);
        // The next run takes the others first.
        await releases.settle(image, { dueAt: dueAfterFailure(now) }, now);
      }
    });

    report.changed = toNotify.length;
    for (const [name, group] of Map.groupBy(toNotify, (image) => image.project)) {
      try {
        if (await notify(group, byName.get(name) as ProjectRecord | undefined, now)) report.mails += 1;
      } catch (error) {
        recordError('The people of a project could not be notified of its releases', { project: name }, error);
      }
    }
    // All others are done. The error is thrown so that the alarm sees it.
    if (firstError) throw firstError;
    return report;
  }

  return async function rescanReleases(options: Run): Promise<RescanReport> {
    const holder = randomUUID();
    if (!(await releases.beginRun(holder, options.now, options.until)))
      return { busy: true, rescanned: 0, waiting: 0, changed: 0, mails: 0, failed: 0, left: 0 };
    try {
      const report = await rescanAll(options);
      if (report.rescanned + report.waiting + report.changed > 0)
        logger.info('Released images were rescanned', { ...report });
      return report;
    } finally {
      await releases.endRun(holder);
    }
  };
}

/** The time that a run keeps for images that it has begun, some of which take minutes to read, and for the mails. */
const endingMilliseconds = 4 * 60_000;

const run = once(() => {
  const logger = new Logger({ serviceName: 'rescan-releases' });
  const [projects, records, releases, tags] = [openProjects(), openRecords(), openReleases(), openImageTags()];
  const policy: unknown = jsonVariable('POLICY');
  return createRescanReleases({
    projects,
    releases,
    rescan: createRescanImage({ records, releases, scans: openPlatformScans(), tags, policy }),
    notify: createNotifyFindings({
      records,
      releases,
      tags,
      mailer: openMailer(),
      recipients: openRecipients(logger),
      policy,
      siteUrl: siteUrl(),
      indexUrl: indexUrl(),
      logger,
    }),
    logger,
  });
});

/** @throws InvalidInputError if the event of a manual call has another form */
export async function handler(event: unknown, context: Context): Promise<RescanReport> {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) throw new InvalidInputError('Send no project, or {"project": "app-id/job-id:desired-tag"}.');
  const now = new Date();
  const until = new Date(now.getTime() + context.getRemainingTimeInMillis());
  return run()({
    now,
    until,
    deadline: new Date(until.getTime() - endingMilliseconds),
    project: parsed.data.project,
  });
}
