import type { Logger } from '@aws-lambda-powertools/logger';
import { fixedBy } from '../../core/builds/fixed.ts';
import { mostOwnMails } from '../../core/cascade/digest.ts';
import { buildEndedEvent } from '../../core/cascade/rebuild-state.ts';
import { costOf } from '../../core/cost/build-cost.ts';
import { type ComputeType, computeTypeSchema } from '../../core/cost/prices.ts';
import { mailDetailsOf } from '../../core/mail/mailed-end.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import { NotificationBusyError, RecordConflictError } from '../../core/model/errors.ts';
import { eventOfBuild } from '../../core/published-events/published-event.ts';
import { type BuildMetrics, openBuildMetrics } from '../../services/aws/build-metrics.ts';
import { type EventBus, openEventBus } from '../../services/aws/event-bus.ts';
import { openTriggers, type Triggers } from '../../services/aws/triggers.ts';
import { siteUrl, variable } from '../../services/environment.ts';
import { type CommitStatuses, openCommitStatuses } from '../../services/git-host/commit-statuses.ts';
import { openGitHosts } from '../../services/git-host/host-tokens.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import { type Mailer, openMailer } from '../../services/mail/mailer.ts';
import { openRecords } from '../../services/records/records.ts';
import { type Builds, openBuilds } from '../../services/tables/builds.ts';
import { type Cascades, openCascades } from '../../services/tables/cascades.ts';
import { type Digests, openDigests } from '../../services/tables/digests.ts';
import { openRecipients, type Recipients } from '../mail/recipients.ts';
import { openWriteBuildMail, type WriteBuildMail } from '../mail/write-build-mail.ts';
import { type CheckAnnotations, createCheckAnnotations } from './check-annotations.ts';
import { type CommentOnPullRequest, createCommentOnPullRequest } from './comment-on-pull-request.ts';

interface Services {
  builds: Pick<Builds, 'require' | 'list' | 'claimNotification' | 'releaseNotification' | 'markNotified'>;
  cascades: Pick<Cascades, 'members'>;
  digests: Pick<Digests, 'add'>;
  writeBuildMail: WriteBuildMail;
  mailer: Mailer;
  recipients: Recipients;
  statuses: Pick<CommitStatuses, 'set'>;
  commentOnPullRequest: CommentOnPullRequest;
  annotationsOf: CheckAnnotations;
  metrics: Pick<BuildMetrics, 'ended'>;
  triggers: Pick<Triggers, 'send'>;
  eventBus: Pick<EventBus, 'publish'>;
  siteUrl: string;
  machine: ComputeType;
  logger: Logger;
}

/** How many earlier builds are read to see whether this one has fixed something. */
const earlierRead = 30;

/**
 * Notifies people of how a build ended, with one mail, or a part of its cascade's digest, the commit status, and the comment on a pull
 * request. False while another process is sending them.
 */
export function createTellEnd({
  builds,
  cascades,
  digests,
  writeBuildMail,
  mailer,
  recipients,
  statuses,
  commentOnPullRequest,
  annotationsOf,
  metrics,
  triggers,
  eventBus,
  siteUrl,
  machine,
  logger,
}: Services) {
  /** The members of a cascade are all recorded before the first is built. */
  async function isLarge(cascade: string): Promise<boolean> {
    const { items } = await cascades.members(cascade, { limit: mostOwnMails + 1 });
    return items.length > mostOwnMails;
  }

  async function send(build: Build): Promise<void> {
    const { items } = await builds.list({ project: build.project }, { limit: earlierRead });
    const fixed = fixedBy(build, items);
    if (!mailDetailsOf(build, fixed)) return;
    if (build.cascade !== undefined && (await isLarge(build.cascade)))
      return digests.add({ cascade: build.cascade, build: build.id, fixed });
    const mail = await writeBuildMail(build, fixed);
    if (!mail) return;
    const to = await recipients.of({ name: build.project, notifyEmail: build.notifyEmail });
    await sendBestEffort({ mailer, logger }, { id: `build ${build.id}`, to, mail, about: { build: build.id } });
  }

  return async function tellEnd(id: string): Promise<boolean> {
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
    await builds.markNotified(id, costOf(build, machine));
    metrics.ended(build);
    const setStatus = (ended: Build) => statuses.set(ended, () => annotationsOf(ended));
    for (const mark of [setStatus, commentOnPullRequest])
      await mark(build).catch((error: Error) => {
        // The mail has been sent, and must not be sent again because the git host's API is down.
        logger.warn('The git host did not take the status', { build: id, error });
      });
    return true;
  };
}

export type TellEnd = ReturnType<typeof createTellEnd>;

export function openTellEnd(logger: Logger): TellEnd {
  return createTellEnd({
    builds: openBuilds(),
    cascades: openCascades(),
    digests: openDigests(),
    writeBuildMail: openWriteBuildMail(),
    mailer: openMailer(),
    recipients: openRecipients(logger),
    statuses: openCommitStatuses(),
    commentOnPullRequest: createCommentOnPullRequest({ builds: openBuilds(), ...openGitHosts(), siteUrl: siteUrl() }),
    annotationsOf: createCheckAnnotations({ records: openRecords(), ...openGitHosts() }),
    metrics: openBuildMetrics(),
    triggers: openTriggers(),
    eventBus: openEventBus(),
    siteUrl: siteUrl(),
    machine: computeTypeSchema.parse(variable('BUILD_MACHINE')),
    logger,
  });
}

/**
 * Notifies, or has its caller retry: another process that holds the notification may have crashed.
 * @throws NotificationBusyError while another process holds a notification that is still pending
 */
export function untilNotified(tellEnd: TellEnd) {
  return async (id: string): Promise<void> => {
    if (!(await tellEnd(id)))
      throw new NotificationBusyError(`Another process is sending the notification about build ${id}.`);
  };
}
