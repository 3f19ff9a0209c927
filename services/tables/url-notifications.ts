import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { once } from '../../core/once.ts';
import { type UrlNotification, urlNotificationSchema } from '../../core/url-notifications/url-notification.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { expiryAfter, tableOf } from './table.ts';

const keptDays = 30;

/** The table of what goes to the addresses that entries name, and what became of it. */
export function createUrlNotifications(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** False if another process has changed it since it was read, or had it first. */
    save(notification: UrlNotification): Promise<boolean> {
      const before = notification.revision - 1;
      const { dueAt } = notification;
      return table.put(
        // The index has what is due some day.
        {
          ...urlNotificationSchema.parse(notification),
          due: dueAt === undefined ? undefined : 'due',
          expiresAt: expiryAfter(keptDays),
        },
        before === 0 ? expression`attribute_not_exists(revision)` : expression`revision = ${before}`,
      );
    },

    /** What is due, the longest due first. */
    async due(now: Date, limit: number): Promise<UrlNotification[]> {
      const keys = expression`due = ${'due'} AND dueAt <= ${now.toISOString()}`;
      return (await table.page({ index: 'byDueTime', keys }, { limit }, urlNotificationSchema)).items;
    },

    get(project: string, id: string): Promise<UrlNotification | undefined> {
      return table.get({ project, id }, urlNotificationSchema);
    },

    /** Newest first. */
    ofProject(project: string, request: PageRequest): Promise<Page<UrlNotification>> {
      const keys = expression`#project = ${project}`;
      return table.page({ keys, newestFirst: true }, request, urlNotificationSchema);
    },
  };
}

export type UrlNotifications = ReturnType<typeof createUrlNotifications>;

export const openUrlNotifications = once(() =>
  createUrlNotifications(documentClient(), variable('URL_NOTIFICATIONS_TABLE')),
);
