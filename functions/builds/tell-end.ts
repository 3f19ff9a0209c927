import type { Logger } from '@aws-lambda-powertools/logger';
import { fixedBy } from '../../core/builds/fixed.ts';
import { buildEndedEvent } from '../../core/cascade/rebuild-state.ts';
import { buildMail, mailDetailsOf } from '../../core/mail/build-mail.ts';
import type { Mail } from '../../core/mail/content.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import { NotificationBusyError, RecordConflictError } from '../../core/model/errors.ts';
import { eventOfBuild } from '../../core/published-events/published-event.ts';
import { type BuildMetrics, openBuildMetrics } from '../../services/aws/build-metrics.ts';
import { type EventBus, openEventBus } from '../../services/aws/event-bus.ts';
import { openTriggers, type Triggers } from '../../services/aws/triggers.ts';
import { variable } from '../../services/environment.ts';
import { type CommitStatuses, openCommitStatuses } from '../../services/git-host/commit-statuses.ts';
import { indexUrl } from '../../services/git-host/index-address.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import { type Mailer, openMailer } from '../../services/mail/mailer.ts';
import { type BuildLog, openBuildLog } from '../../services/records/build-log.ts';
import { ifReadable, openRecords, type Records } from '../../services/records/records.ts';
import { type Builds, openBuilds } from '../../services/tables/builds.ts';
import { openTargets, type Targets } from '../../services/tables/targets.ts';
import { openRecipients, type Recipients } from '../mail/recipients.ts';

interface Services {
  builds: Pick<Builds, 'require' | 'list' | 'claimNotification' | 'releaseNotification' | 'markNotified'>;
  log: Pick<BuildLog, 'slice'>;
  records: Pick<Records, 'comparison' | 'scanners'>;
  mailer: Mailer;
  recipients: Recipients;
  statuses: Pick<CommitStatuses, 'set'>;
  metrics: BuildMetrics;
  targets: Pick<Targets, 'ofProject'>;
  triggers: Pick<Triggers, 'send'>;
  eventBus: Pick<EventBus, 'publish'>;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

/** A mail about a failure shows the last lines of the log. They fit well into this. */
const tailBytes = 16_000;
/** How many builds of the project say whether this one has fixed something. */
const earlierRead = 30;

/** Notifies people of how a build ended, with one mail and the commit status. False while another process is sending them. */
export function createTell({
  builds,
  log,
  records,
  mailer,
  recipients,
  statuses,
  metrics,
  targets,
  triggers,
  eventBus,
  siteUrl,
  indexUrl,
  logger,
}: Services) {
  async function mailFor(build: Build): Promise<Mail | undefined> {
    const { items } = await builds.list({ project: build.project }, { limit: earlierRead });
    const fixed = fixedBy(build, items);
    const details = mailDetailsOf(build, fixed);
    if (!details) return undefined;
    const [tail, comparison, scanners] = await Promise.all([
      details.includes('log') ? log.slice(build.id, -tailBytes, tailBytes) : undefined,
      details.includes('comparison') ? ifReadable(records.comparison(build.id)) : undefined,
      details.includes('scanners') ? ifReadable(records.scanners(build.id)) : undefined,
    ]);
    const deployed = build.image ? await targets.ofProject(build.project) : [];
    const logTail = tail && Buffer.from(tail.bytes).toString('utf8');
    return buildMail(build, siteUrl, { indexUrl, fixed, logTail, comparison, scanners, targets: deployed });
  }

  async function send(build: Build): Promise<void> {
    const mail = await mailFor(build);
    if (!mail) return;
    const to = await recipients.of({ name: build.project, notifyEmail: build.notifyEmail });
    await sendBestEffort({ mailer, logger }, { id: `build ${build.id}`, to, mail, about: { build: build.id } });
  }

  return async function tell(id: string): Promise<boolean> {
    const build = await builds.require(id);
    if (!isTerminal(build.status))
      throw new RecordConflictError(`Build ${id} has not ended: there is nothing to notify of.`);
    if (!(await builds.claimNotification(id))) return (await builds.require(id)).notifiedAt !== undefined;
    try {
      // Dependents are notified even if no mail can be sent. A trigger that is sent twice is planned once.
      await triggers.send({
        type: 'build-ended',
        id: buildEndedEvent(id),
        build: id,
      });
      const event = eventOfBuild(build, siteUrl);
      if (event) await eventBus.publish(event);
      await send(build);
    } catch (error) {
      await builds.releaseNotification(id);
      throw error;
    }
    await builds.markNotified(id);
    metrics.ended(build);
    await statuses.set(build).catch((error: Error) => {
      // The mail has been sent, and must not be sent again because GitHub's API is down.
      logger.warn('The commit status could not be set', { build: id, error });
    });
    return true;
  };
}

export type Tell = ReturnType<typeof createTell>;

export function openTell(logger: Logger): Tell {
  return createTell({
    builds: openBuilds(),
    log: openBuildLog(),
    records: openRecords(),
    mailer: openMailer(),
    recipients: openRecipients(logger),
    statuses: openCommitStatuses(),
    metrics: openBuildMetrics(),
    targets: openTargets(),
    triggers: openTriggers(),
    eventBus: openEventBus(),
    siteUrl: variable('SITE_URL'),
    indexUrl: indexUrl(),
    logger,
  });
}

/**
 * Notifies, or has its caller retry: another process that holds the notification may have crashed.
 * @throws NotificationBusyError while another process holds a notification that is still pending
 */
export function untilNotified(tell: Tell) {
  return async (id: string): Promise<void> => {
    if (!(await tell(id)))
      throw new NotificationBusyError(`Another process is sending the notification about build ${id}.`);
  };
}
