import type { Project } from '../core/model/project.ts';
import { publicNotification } from '../core/url-notifications/describe-notification.ts';
import type { UrlNotification } from '../core/url-notifications/url-notification.ts';
import { type Answer, jsonList, page } from './answer.ts';
import { urlNotificationListPage } from './pages/url-notifications.ts';
import { type List, sealedPage } from './paging/lists.ts';
import type { SiteParts, SiteRequest } from './parts.ts';

type Parts = Pick<SiteParts, 'urlNotifications' | 'seals'>;

/** The notifications sent to the addresses of a project's entry, newest first. */
export async function notificationListAnswer(
  parts: Parts,
  { query, now }: SiteRequest,
  project: Project,
): Promise<Answer> {
  const { items, cursor } = await notificationsOf(parts, query, project.name);
  return page(urlNotificationListPage({ project: project.name, notifications: items, cursor, query, now }));
}

export async function apiNotificationList(parts: Parts, { query }: SiteRequest, project: Project): Promise<Answer> {
  const { items, cursor } = await notificationsOf(parts, query, project.name);
  return jsonList({ items: items.map(publicNotification), cursor });
}

function notificationsOf(
  { urlNotifications, seals }: Parts,
  query: URLSearchParams,
  project: string,
): Promise<List<UrlNotification>> {
  return sealedPage(seals, `notifications\n${project}`, query, (request) =>
    urlNotifications.ofProject(project, request),
  );
}
