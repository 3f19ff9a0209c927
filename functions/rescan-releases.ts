import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { z } from 'zod';
import { mapConcurrently } from '../core/concurrency.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { projectNameSchema } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import type { ReleasedImage } from '../core/releases/release.ts';
import { dueAfterTrouble } from '../core/releases/rescan.ts';
import { variable } from '../services/environment.ts';
import { indexUrl } from '../services/git-host/index-address.ts';
import { openMailer } from '../services/mail/mailer.ts';
import { openRecords } from '../services/records/records.ts';
import { openImageScans } from '../services/registry/image-scans.ts';
import { openImageTags } from '../services/registry/image-tags.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { createBackfillReleases } from './releases/backfill-releases.ts';
import { createNotifyFindings } from './releases/notify-findings.ts';
import { createRescanImage } from './releases/rescan-image.ts';

/** What may be asked for by hand: the releases of one project at once. EventBridge sends its own, which asks for nothing. */
const eventSchema = z.object({ project: projectNameSchema.optional() });

const imagesAtOnce = 8;
/** More are for the next round. */
const imagesInRound = 2000;

interface Services {
  projects: Pick<Projects, 'getMany'>;
  releases: Pick<Releases, 'due' | 'allOf' | 'settle' | 'beginRound' | 'endRound'>;
  adopt: ReturnType<typeof createBackfillReleases>;
  look: ReturnType<typeof createRescanImage>;
  tell: ReturnType<typeof createNotifyFindings>;
  logger: Logger;
}

export interface RescanReport {
  /** Another round is under way: nothing was done. */
  busy?: true;
  looked: number;
  /** Whose scan is awaited. */
  waiting: number;
  /** Of which people were to be told. */
  news: number;
  mails: number;
  failed: number;
  /** That were not reached in the time that there was. */
  left: number;
}

interface Round {
  now: Date;
  /** When nothing further is begun. */
  deadline: Date;
  /** When whoever has the round is dead for certain. */
  until: Date;
  /** Whose releases are looked at, whenever they are due; those that are due, if it is absent. */
  project?: string | undefined;
}

/**
 * Looks at the released images whose time has come, and tells people what has changed. A round that dies is made good by the next: an
 * image is due until its look is kept and told. Releases and tags are left as they are, whatever is found.
 */
export function createRescanReleases({ projects, releases, adopt, look, tell, logger }: Services) {
  async function round({ now, deadline, project }: Round, noted: string): Promise<RescanReport> {
    const report: RescanReport = { looked: 0, waiting: 0, news: 0, mails: 0, failed: 0, left: 0 };
    const isLate = () => Date.now() >= deadline.getTime();
    let trouble: unknown;
    const onTrouble = (what: string, about: Record<string, string>, error: unknown) => {
      trouble ??= error;
      report.failed += 1;
      logger.error(what, { ...about, error: error as Error });
    };

    await adopt(noted, now, isLate);
    const images = project === undefined ? await releases.due(now, imagesInRound) : await releases.allOf(project);
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
        const outcome = await look(image, byName.get(image.project), now);
        if (outcome === 'waiting') report.waiting += 1;
        else report.looked += 1;
        if (outcome === 'news') toNotify.push(image);
      } catch (error) {
        onTrouble('A released image could not be looked at', { project: image.project, digest: image.digest }, error);
        // The others come first the next time.
        await releases.settle(image, { dueAt: dueAfterTrouble(now) }, now);
      }
    });

    report.news = toNotify.length;
    for (const [name, its] of Map.groupBy(toNotify, (image) => image.project)) {
      try {
        if (await tell(its, byName.get(name) as ProjectRecord | undefined, now)) report.mails += 1;
      } catch (error) {
        onTrouble('The people of a project could not be told of its releases', { project: name }, error);
      }
    }
    // The others are done; the alarm is to hear of it.
    if (trouble) throw trouble;
    return report;
  }

  return async function rescanReleases(of: Round): Promise<RescanReport> {
    const holder = randomUUID();
    const begun = await releases.beginRound(holder, of.now, of.until);
    if (!begun) return { busy: true, looked: 0, waiting: 0, news: 0, mails: 0, failed: 0, left: 0 };
    try {
      const report = await round(of, begun.noted);
      if (report.looked + report.waiting + report.news > 0)
        logger.info('Released images were looked at', { ...report });
      return report;
    } finally {
      await releases.endRound(holder);
    }
  };
}

/** What a round leaves for images that it is at, some of which take minutes to be read, and for the mails. */
const endingMilliseconds = 4 * 60_000;

const run = once(() => {
  const logger = new Logger({ serviceName: 'rescan-releases' });
  const [projects, records, releases, tags] = [openProjects(), openRecords(), openReleases(), openImageTags()];
  const policy: unknown = JSON.parse(variable('POLICY'));
  return createRescanReleases({
    projects,
    releases,
    adopt: createBackfillReleases({
      builds: openBuilds(),
      projects,
      releases,
      repositoryPrefix: variable('REPOSITORY_PREFIX'),
    }),
    look: createRescanImage({ records, releases, scans: openImageScans(), tags, policy }),
    tell: createNotifyFindings({
      records,
      releases,
      tags,
      mailer: openMailer(),
      policy,
      siteUrl: variable('SITE_URL'),
      indexUrl: indexUrl(),
      logger,
    }),
    logger,
  });
});

/** @throws InvalidInputError if what is asked for by hand has another form */
export async function handler(event: unknown, context: Context): Promise<RescanReport> {
  const asked = eventSchema.safeParse(event);
  if (!asked.success) throw new InvalidInputError('Ask for nothing, or for {"project": "app-id/job-id:desired-tag"}.');
  const now = new Date();
  const until = new Date(now.getTime() + context.getRemainingTimeInMillis());
  return run()({
    now,
    until,
    deadline: new Date(until.getTime() - endingMilliseconds),
    project: asked.data.project,
  });
}
