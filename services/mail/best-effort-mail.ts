import type { Logger } from '@aws-lambda-powertools/logger';
import type { Mail } from '../../core/mail/build-mail.ts';
import { type Mailer, MailRejectedError } from './mailer.ts';

interface Notice {
  to: string[];
  mail: Mail;
  /** What the log names it by. */
  about: Record<string, string>;
}

/**
 * Sends a mail that nobody must wait for. One that SES takes for nobody it will take tomorrow as little as today: the log says so, and the
 * pages say what the mail would have said.
 * @returns whether it went out
 */
export async function sendBestEffort(
  { mailer, logger }: { mailer: Mailer; logger: Logger },
  { to, mail, about }: Notice,
): Promise<boolean> {
  try {
    const { dropped } = await mailer.send({ to, mail });
    if (dropped.length > 0) logger.warn('Addresses got no mail', { ...about, addresses: dropped.length });
    return true;
  } catch (error) {
    if (!(error instanceof MailRejectedError)) throw error;
    logger.error('Nobody got the mail', { ...about, error });
    return false;
  }
}
