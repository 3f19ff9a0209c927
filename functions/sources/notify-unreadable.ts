import type { Logger } from '@aws-lambda-powertools/logger';
import { sourceMail } from '../../core/mail/source-mail.ts';
import { getsMails } from '../../core/model/project.ts';
import type { WatchedSource } from '../../core/sources/watched-sources.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import type { Mailer } from '../../services/mail/mailer.ts';
import type { Source } from '../../services/tables/sources.ts';
import type { Recipients } from '../mail/recipients.ts';

interface Services {
  mailer: Mailer;
  recipients: Recipients;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

/** A single failure may be a passing one of the host, or somebody may just be replacing a secret. */
const failuresUntilMail = 2;

/** Mails the people of the projects of a source once, when it could not be read twice in a row. */
export function createNotifyUnreadable({ mailer, recipients, siteUrl, indexUrl, logger }: Services) {
  return async function notifyUnreadable(
    { projects }: Pick<WatchedSource, 'projects'>,
    before: Source | undefined,
    { failures, error = '' }: Source,
  ): Promise<void> {
    if (failures !== failuresUntilMail) return;
    for (const project of projects.filter(getsMails)) {
      const { name, gitUrl } = project;
      const mail = sourceMail({ project: name, gitUrl, error, siteUrl, indexUrl });
      // The first failure's retry time makes the id: it is the same if the second failure is recorded again.
      const id = `source ${name} ${before?.retryAt}`;
      const to = await recipients.of(project);
      await sendBestEffort({ mailer, logger }, { id, to, mail, about: { project: name } });
    }
  };
}

export type NotifyUnreadable = ReturnType<typeof createNotifyUnreadable>;
