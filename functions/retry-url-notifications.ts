import { Logger } from '@aws-lambda-powertools/logger';
import { mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { openUrlNotifications, type UrlNotifications } from '../services/tables/url-notifications.ts';
import { openPostNotification, type PostNotification } from './url-notifications/post-notification.ts';

interface Services {
  notifications: Pick<UrlNotifications, 'due'>;
  post: PostNotification;
}

/** An attempt takes ten seconds at most: a run ends before the next begins. */
const mostDue = 100;
const atOnce = 10;

/** Posts again what an address did not take. Returns how many were due. */
export function createRetryUrlNotifications({ notifications, post }: Services) {
  return async function retryUrlNotifications(now = new Date()): Promise<number> {
    const due = await notifications.due(now, mostDue);
    await mapConcurrently(due, atOnce, post);
    return due.length;
  };
}

const run = once(() =>
  createRetryUrlNotifications({
    notifications: openUrlNotifications(),
    post: openPostNotification(new Logger({ serviceName: 'retry-url-notifications' })),
  }),
);

export function handler(): Promise<number> {
  return run()();
}
