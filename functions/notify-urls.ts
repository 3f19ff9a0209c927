import { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { eventSource, type PublishedEvent, publishedEventSchema } from '../core/published-events/published-event.ts';
import { notificationsOf } from '../core/url-notifications/url-notification.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openUrlNotifications, type UrlNotifications } from '../services/tables/url-notifications.ts';
import { openPostNotification, type PostNotification } from './url-notifications/post-notification.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  notifications: Pick<UrlNotifications, 'save' | 'due'>;
  post: PostNotification;
}

/** An attempt takes ten seconds at most: a run ends before the next begins. */
const mostDue = 100;
const atOnce = 10;

/** Notifies the addresses that the entries of projects name. */
export function createNotifyUrls({ projects, notifications, post }: Services) {
  return {
    /** An event that comes twice is posted once. */
    async notify(event: PublishedEvent): Promise<void> {
      const project = await projects.get(event.detail.project);
      const wanted = notificationsOf(event, project?.notifyUrls ?? [], new Date());
      await mapConcurrently(wanted, atOnce, async (notification) => {
        if (await notifications.save(notification)) await post(notification);
      });
    },

    /** Posts again what an address did not take. Returns how many were due. */
    async retry(now = new Date()): Promise<number> {
      const due = await notifications.due(now, mostDue);
      await mapConcurrently(due, atOnce, post);
      return due.length;
    },
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

const busEventSchema = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });

/** Takes the published events, and those of its schedule. */
export async function handler(input: unknown): Promise<void> {
  const event = busEventSchema.parse(input);
  if (event.source !== eventSource) await run().retry();
  else await run().notify(publishedEventSchema.parse({ type: event['detail-type'], detail: event.detail }));
}
