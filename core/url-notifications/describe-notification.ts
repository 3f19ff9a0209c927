import { placeOf, type UrlNotification } from './url-notification.ts';

/** The build that a notification is about. */
export function buildOf({ event: { detail } }: Pick<UrlNotification, 'event'>): string | undefined {
  return 'url' in detail ? detail.id : undefined;
}

/** A notification as the public API shows it. */
export function publicNotification(notification: UrlNotification) {
  const { id, state, failures, name, to, event, error, dueAt, endedAt } = notification;
  return {
    id,
    state,
    failures,
    event: name,
    at: event.detail.at,
    to: placeOf(to),
    build: buildOf(notification) ?? null,
    error: error ?? null,
    nextAttemptAt: dueAt ?? null,
    endedAt: endedAt ?? null,
  };
}
