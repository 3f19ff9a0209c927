import { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { type PublishedEvent, publishedEventSchema } from '../core/published-events/published-event.ts';
import { notificationsOf } from '../core/url-notifications/url-notification.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openUrlNotifications, type UrlNotifications } from '../services/tables/url-notifications.ts';
import { openPostNotification, type PostNotification } from './url-notifications/post-notification.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  notifications: Pick<UrlNotifications, 'save'>;
  post: PostNotification;
}

const atOnce = 10;

/** Notifies the addresses that the entry of an event's project names. An event that comes twice is posted once. */
export function createNotifyUrls({ projects, notifications, post }: Services) {
  return async function notifyUrls(event: PublishedEvent): Promise<void> {
    const project = await projects.get(event.detail.project);
    const wanted = notificationsOf(event, project?.notifyUrls ?? [], new Date());
    await mapConcurrently(wanted, atOnce, async (notification) => {
      if (await notifications.save(notification)) await post(notification);
    });
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'notify-urls' });
  return createNotifyUrls({
    projects: openProjects(),
    notifications: openUrlNotifications(),
    post: openPostNotification(logger),
  });
});

const busEventSchema = z.object({ 'detail-type': z.string(), detail: z.unknown() });

export async function handler(input: unknown): Promise<void> {
  const { 'detail-type': type, detail } = busEventSchema.parse(input);
  await run()(publishedEventSchema.parse({ type, detail }));
}
