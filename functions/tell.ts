import { Logger } from '@aws-lambda-powertools/logger';
import { S3Client } from '@aws-sdk/client-s3';
import { SESClient } from '@aws-sdk/client-ses';
import { endedNews } from '../core/cascade/rebuild-state.ts';
import { buildMail, type Mail } from '../core/mail/build-mail.ts';
import { type Build, isTerminal } from '../core/model/build.ts';
import { RecordConflictError, TellingBusyError } from '../core/model/errors.ts';
import { type BuildMetrics, createBuildMetrics } from '../services/aws/build-metrics.ts';
import { createTriggers, type Triggers } from '../services/aws/triggers.ts';
import { variable } from '../services/environment.ts';
import { type CommitStatuses, createCommitStatuses } from '../services/git-host/commit-statuses.ts';
import { createGithubToken } from '../services/git-host/github-token.ts';
import { sendNotice } from '../services/mail/best-effort-mail.ts';
import { createMailer, type Mailer } from '../services/mail/mailer.ts';
import { type BuildLog, createBuildLog } from '../services/records/build-log.ts';
import { createRecords, ifReadable, type Records } from '../services/records/records.ts';
import { type Builds, createBuilds } from '../services/tables/builds.ts';
import { createDocumentClient } from '../services/tables/dynamodb.ts';
import { stepInputSchema } from './wiring/step-input.ts';

interface Services {
  builds: Builds;
  log: BuildLog;
  records: Pick<Records, 'comparison' | 'scanners'>;
  mailer: Mailer;
  statuses: CommitStatuses;
  metrics: BuildMetrics;
  triggers: Pick<Triggers, 'send'>;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

/** A mail about a failure shows the last lines of the log, which are well within this. */
const tailBytes = 16_000;

/** Tells people how a build ended: a mail, once, and the mark at the commit. False while somebody else is at it. */
export function createTell({
  builds,
  log,
  records,
  mailer,
  statuses,
  metrics,
  triggers,
  siteUrl,
  indexUrl,
  logger,
}: Services) {
  async function mailFor(build: Build): Promise<Mail | undefined> {
    if (build.status === 'failed') {
      const { bytes } = await log.slice(build.id, -tailBytes, tailBytes);
      return buildMail(build, siteUrl, { indexUrl, logTail: Buffer.from(bytes).toString('utf8') });
    }
    if (build.status !== 'released' && build.status !== 'blocked') return undefined;
    const [comparison, scanners] = await Promise.all([
      ifReadable(records.comparison(build.id)),
      build.status === 'blocked' ? ifReadable(records.scanners(build.id)) : undefined,
    ]);
    return buildMail(build, siteUrl, { indexUrl, comparison, scanners });
  }

  async function send(build: Build): Promise<void> {
    const mail = await mailFor(build);
    if (mail) await sendNotice({ mailer, logger }, { to: build.notifyEmail, mail, about: { build: build.id } });
  }

  return async function tell(id: string): Promise<boolean> {
    const build = await builds.require(id);
    if (!isTerminal(build.status))
      throw new RecordConflictError(`Build ${id} has not ended: there is nothing to tell.`);
    if (!(await builds.claimTelling(id))) return (await builds.require(id)).toldAt !== undefined;
    try {
      // Whoever stands on the project hears of it, mail or no mail; the same news is heard once however often it is sent.
      await triggers.send({ type: 'build-ended', id: endedNews(id), receivedAt: new Date().toISOString(), build: id });
      await send(build);
    } catch (error) {
      await builds.releaseTelling(id);
      throw error;
    }
    await builds.markTold(id);
    metrics.ended(build);
    await statuses.set(build).catch((error: Error) => {
      // The mail is out and must not go out again because GitHub's API is down.
      logger.warn('The commit status could not be set', { build: id, error });
    });
    return true;
  };
}

/**
 * Tells, or has its caller try again: who holds the telling may have died over it.
 * @throws TellingBusyError while the build is not told yet and somebody else is at it
 */
export function untilTold(tell: ReturnType<typeof createTell>) {
  return async (id: string): Promise<void> => {
    if (!(await tell(id))) throw new TellingBusyError(`The end of build ${id} is being told at this moment.`);
  };
}

export function tellServices(logger: Logger): Services {
  const siteUrl = variable('SITE_URL');
  const githubUrl = variable('GITHUB_URL');
  const s3 = new S3Client({});
  const bucket = variable('RECORDS_BUCKET');
  const token = createGithubToken(variable('GITHUB_TOKEN_SECRET'));
  return {
    builds: createBuilds(createDocumentClient(), variable('BUILDS_TABLE')),
    log: createBuildLog({ client: s3, bucket }),
    records: createRecords(s3, bucket),
    mailer: createMailer({ client: new SESClient({}), sender: variable('SENDER') }),
    statuses: createCommitStatuses(variable('GITHUB_API_URL'), githubUrl, siteUrl, token),
    metrics: createBuildMetrics(),
    triggers: createTriggers(variable('TRIGGERS_QUEUE_URL')),
    siteUrl,
    indexUrl: `${githubUrl}/${variable('INDEX_REPOSITORY')}`,
    logger,
  };
}

let run: ReturnType<typeof untilTold> | undefined;

export function handler(input: unknown): Promise<void> {
  run ??= untilTold(createTell(tellServices(new Logger({ serviceName: 'tell' }))));
  return run(stepInputSchema.parse(input).build);
}
