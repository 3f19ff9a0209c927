import type { Logger } from '@aws-lambda-powertools/logger';
import { digestUntil } from '../../core/cascade/digest.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import { type BuildEnd, digestMail, ownersOf } from '../../core/mail/digest-mail.ts';
import { siteUrl } from '../../services/environment.ts';
import { indexUrl } from '../../services/git-host/index-address.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import { type Mailer, openMailer } from '../../services/mail/mailer.ts';
import { type Builds, openBuilds } from '../../services/tables/builds.ts';
import { type Cascades, openCascades } from '../../services/tables/cascades.ts';
import { type Digests, openDigests, type WaitingMail } from '../../services/tables/digests.ts';
import { openRecipients, type Recipients } from '../mail/recipients.ts';
import { openWriteBuildMail, type WriteBuildMail } from '../mail/write-build-mail.ts';

interface Services {
  digests: Pick<Digests, 'waiting' | 'freeze' | 'settle'>;
  cascades: Pick<Cascades, 'summary'>;
  builds: Pick<Builds, 'get'>;
  writeBuildMail: WriteBuildMail;
  mailer: Mailer;
  recipients: Recipients;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

const readsAtOnce = 16;
/** SES limits the rate; its SDK waits and retries. */
const mailsAtOnce = 4;

/**
 * Sends the mails that wait until their large cascade ends, or that have waited long enough: each owner gets one mail about all their
 * builds. It is recorded who got it, so that a run after a failure sends it only to the others.
 */
export function createSendDigests({
  digests,
  cascades,
  builds,
  writeBuildMail,
  mailer,
  recipients,
  siteUrl,
  indexUrl,
  logger,
}: Services) {
  async function endsOf(mails: readonly WaitingMail[]): Promise<BuildEnd[]> {
    const ends = await mapConcurrently(mails, readsAtOnce, async ({ build: id, fixed }) => {
      const build = await builds.get(id);
      return build ? [{ build, fixed }] : [];
    });
    return ends.flat();
  }

  async function sendFor(mails: readonly WaitingMail[], now: Date): Promise<void> {
    const [first] = mails;
    if (!first) return;
    const { cascade: id, since: oldest } = first;
    const cascade = await cascades.summary(id);
    const wanted = digestUntil({ oldest, endedAt: cascade?.endedAt }, now);
    if (!cascade || wanted === undefined) return;
    const until = await digests.freeze(id, wanted);
    const taken = mails.filter(({ since }) => since <= until);
    const owners = ownersOf(await endsOf(taken));
    await mapConcurrently(owners, mailsAtOnce, async ({ address, ends }) => {
      const [end] = ends;
      if (!end) return;
      const to = await recipients.of({ name: end.build.project, notifyEmail: [address] });
      const mail =
        ends.length === 1
          ? await writeBuildMail(end.build, end.fixed)
          : digestMail({ cascade, ends, siteUrl, indexUrl });
      if (!mail) return;
      const about = { cascade: id, builds: String(ends.length) };
      await sendBestEffort({ mailer, logger }, { id: `digest ${id} ${until}`, to, mail, about });
    });
    await digests.settle(id, taken);
    logger.info('A digest was sent', { cascade: id, builds: taken.length, owners: owners.length });
  }

  return async function sendDigests(now = new Date()): Promise<void> {
    const failures: unknown[] = [];
    for (const mails of Map.groupBy(await digests.waiting(), ({ cascade }) => cascade).values())
      await sendFor(mails, now).catch((error: unknown) => {
        // The owners in other cascades still get theirs.
        logger.error('The digest of a cascade could not be sent to all', { error: error as Error });
        failures.push(error);
      });
    if (failures.length > 0) throw failures[0];
  };
}

export type SendDigests = ReturnType<typeof createSendDigests>;

export function openSendDigests(logger: Logger): SendDigests {
  return createSendDigests({
    digests: openDigests(),
    cascades: openCascades(),
    builds: openBuilds(),
    writeBuildMail: openWriteBuildMail(),
    mailer: openMailer(),
    recipients: openRecipients(logger),
    siteUrl: siteUrl(),
    indexUrl: indexUrl(),
    logger,
  });
}
