import { Logger } from '@aws-lambda-powertools/logger';
import { mapConcurrently } from '../core/concurrency.ts';
import { waiverExpiryMail } from '../core/mail/waiver-expiry-mail.ts';
import { getsMails } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { expiriesOn, nextExpiryWarning } from '../core/policy/waiver-expiry.ts';
import { dayOf } from '../core/time/day.ts';
import { siteUrl } from '../services/environment.ts';
import { indexUrl } from '../services/git-host/index-address.ts';
import { sendBestEffort } from '../services/mail/best-effort-mail.ts';
import { type Mailer, openMailer } from '../services/mail/mailer.ts';
import { type DueWarning, openWaiverWarnings, type WaiverWarnings } from '../services/tables/waiver-warnings.ts';
import { openRecipients, type Recipients } from './mail/recipients.ts';

/** SES limits the rate; its SDK waits and retries. */
const mailsAtOnce = 4;

interface Services {
  warnings: WaiverWarnings;
  mailer: Mailer;
  recipients: Recipients;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

/**
 * Mails the people of each project which of its exceptions and VEX statements end within a week, and which have ended. Each end is mailed
 * once before and once after. The next run sends a mail that could not be sent.
 * @returns how many mails were sent
 */
export function createWarnWaivers({ warnings, mailer, recipients, siteUrl, indexUrl, logger }: Services) {
  async function warn(due: Pick<DueWarning, 'name' | 'warnAt'>, now: Date): Promise<boolean> {
    const claimed = await warnings.claim(due, now);
    if (!claimed) return false;
    const { project, claim } = claimed;
    const day = dayOf(now);
    const all = expiriesOn(day, project);
    const expiries = all.filter(({ key }) => !project.warned?.includes(key));
    // People who want no mail about builds want none of these either.
    const isNotified = expiries.length > 0 && getsMails(project);
    try {
      if (isNotified) {
        const id = `waivers ${project.name} ${expiries.map(({ key }) => key).join(' ')}`;
        const mail = waiverExpiryMail({ project: project.name, file: project.file, expiries, siteUrl, indexUrl });
        const to = await recipients.of(project);
        await sendBestEffort({ mailer, logger }, { id, to, mail, about: { project: project.name } });
      }
    } catch (error) {
      await warnings.release(project.name, claim);
      throw error;
    }
    await warnings.mark(
      project.name,
      claim,
      all.map(({ key }) => key),
      nextExpiryWarning(project, day),
    );
    return isNotified;
  }

  return async function warnWaivers(now = new Date()): Promise<number> {
    let sent = 0;
    const failures: unknown[] = [];
    for await (const due of warnings.due(dayOf(now))) {
      await mapConcurrently(due, mailsAtOnce, async (project) => {
        try {
          if (await warn(project, now)) sent += 1;
        } catch (error) {
          // The other projects still get their mails.
          logger.error('The people of a project could not be notified of its waivers', {
            project: project.name,
            error: error as Error,
          });
          failures.push(error);
        }
      });
    }
    if (sent > 0) logger.info('Projects were notified of waivers that end', { projects: sent });
    if (failures.length > 0) throw failures[0];
    return sent;
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'warn-waivers' });
  return createWarnWaivers({
    warnings: openWaiverWarnings(),
    mailer: openMailer(),
    recipients: openRecipients(logger),
    siteUrl: siteUrl(),
    indexUrl: indexUrl(),
    logger,
  });
});

export function handler(): Promise<number> {
  return run()();
}
