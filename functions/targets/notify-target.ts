import type { Logger } from '@aws-lambda-powertools/logger';
import { targetMail } from '../../core/mail/target-mail.ts';
import { getsMails } from '../../core/model/project.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import { siteUrl } from '../../services/environment.ts';
import { indexUrl } from '../../services/git-host/index-address.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import { type Mailer, openMailer } from '../../services/mail/mailer.ts';
import { openProjects, type Projects } from '../../services/tables/projects.ts';
import { openRecipients, type Recipients } from '../mail/recipients.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  mailer: Mailer;
  recipients: Recipients;
  siteUrl: string;
  indexUrl: string;
  logger: Logger;
}

/** Notifies a project's people of what became of a release at a target, after the mail about its build has gone out. */
export function createNotifyTarget({ projects, mailer, recipients, siteUrl, indexUrl, logger }: Services) {
  return async function notifyTarget(state: TargetState): Promise<void> {
    const project = await projects.get(state.project);
    if (!project || !getsMails(project)) return;
    const to = await recipients.of(project);
    const mail = targetMail(state, { siteUrl, indexUrl });
    const id = `target ${state.project} ${state.target} ${state.wanted.build} ${state.since} ${state.state}`;
    await sendBestEffort({ mailer, logger }, { id, to, mail, about: { project: state.project, target: state.target } });
  };
}

export type NotifyTarget = ReturnType<typeof createNotifyTarget>;

export function openNotifyTarget(logger: Logger): NotifyTarget {
  return createNotifyTarget({
    projects: openProjects(),
    mailer: openMailer(),
    recipients: openRecipients(logger),
    siteUrl: siteUrl(),
    indexUrl: indexUrl(),
    logger,
  });
}
