import type { Logger } from '@aws-lambda-powertools/logger';
import { holdMail } from '../../core/mail/hold-mail.ts';
import type { HoldChange } from '../../core/model/hold.ts';
import { getsMails } from '../../core/model/project.ts';
import { eventOfHold } from '../../core/published-events/published-event.ts';
import type { EventBus } from '../../services/aws/event-bus.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import type { Mailer } from '../../services/mail/mailer.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';
import type { Recipients } from '../mail/recipients.ts';

interface Services {
  eventBus: Pick<EventBus, 'publish'>;
  mailer: Mailer;
  recipients: Recipients;
  siteUrl: string;
  index: { url: string };
  logger: Logger;
}

/** Notifies a project's people, and whoever listens to the event bus, that its releases are held, or are held no longer. */
export function createNotifyHold({ eventBus, mailer, recipients, siteUrl, index, logger }: Services) {
  return async function notifyHold(change: HoldChange, project: ProjectRecord): Promise<void> {
    const { name } = project;
    const event = eventOfHold(change);
    if (event) await eventBus.publish(event);
    if (!getsMails(project)) return;
    const to = await recipients.of(project);
    const mail = holdMail({ change, released: project.released, siteUrl, indexUrl: index.url });
    const id = `${change.action} ${name} ${change.id}`;
    await sendBestEffort({ mailer, logger }, { id, to, mail, about: { project: name } });
  };
}

export type NotifyHold = ReturnType<typeof createNotifyHold>;
