import type { Logger } from '@aws-lambda-powertools/logger';
import type { Mail, Recipient } from '../../core/mail/content.ts';
import { type Mailer, MailRejectedError } from './mailer.ts';

interface Notice {
  /** Names the mail: the same one when it is tried again. */
  id: string;
  to: readonly Recipient[];
  mail: Mail;
  /** Identifies the mail in the log. */
  about: Record<string, string>;
}

/**
 * Sends a mail whose failure must not stop the work. If SES rejects it for all recipients, trying again cannot help: the rejection is
 * logged, and the pages show what the mail would have said.
 * @returns whether somebody got it
 */
export async function sendBestEffort(
  { mailer, logger }: { mailer: Mailer; logger: Logger },
  { id, to, mail, about }: Notice,
): Promise<boolean> {
  try {
    const { sent, dropped } = await mailer.send({ id, to, mail });
    if (dropped.length > 0) logger.warn('Addresses got no mail', { ...about, addresses: dropped.length });
    return sent.length > 0;
  } catch (error) {
    if (!(error instanceof MailRejectedError)) throw error;
    logger.error('Nobody got the mail', { ...about, error });
    return false;
  }
}
