import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type NotifyUrl, notifiedEvents, notifyUrlSchema } from '../model/notify-url.ts';
import { notifiedEventOf, type PublishedEvent, publishedEventSchema } from '../published-events/published-event.ts';
import { backOff } from '../time/backoff.ts';

/** One event for one address of a project, and what became of it. */
export const urlNotificationSchema = z.object({
  /** `app/job:tag` */
  project: z.string(),
  /** Sorts by time. The same event for the same address always has the same. */
  id: z.string(),
  /** Rises with each write, so that of two processes one gives way. */
  revision: z.int(),
  to: notifyUrlSchema,
  event: publishedEventSchema,
  name: z.enum(notifiedEvents),
  state: z.enum(['pending', 'delivered', 'failed']),
  failures: z.int().default(0),
  /** Why the last attempt failed: one sentence. */
  error: z.string().optional(),
  /** When it is tried next. */
  dueAt: z.iso.datetime().optional(),
  /** When it was delivered or given up. */
  endedAt: z.iso.datetime().optional(),
});

export type UrlNotification = z.infer<typeof urlNotificationSchema>;

const minute = 60_000;
const pauses = { first: 5 * minute, longest: 6 * 60 * minute };
/** The last attempt is about a day after the first. */
const mostAttempts = 10;
/** So many digits of a hash distinguish two notifications of one moment. */
const keyDigits = 32;
/** For this time no other process works on it. */
const claimMilliseconds = 2 * minute;

/** The notifications that an event calls for: one for each address that wants it. */
export function notificationsOf(event: PublishedEvent, notifyUrls: readonly NotifyUrl[], now: Date): UrlNotification[] {
  const name = notifiedEventOf(event);
  return notifyUrls
    .filter(({ events }) => events === undefined || events.includes(name))
    .map((to) => {
      const { project, id, at } = event.detail;
      const key = createHash('sha256')
        .update(JSON.stringify([project, name, id, to.url, to.secret]))
        .digest('hex');
      const notification = { project, id: `${at}_${key.slice(0, keyDigits)}`, to, event, name };
      return { ...notification, revision: 1, state: 'pending', failures: 0, dueAt: now.toISOString() };
    });
}

/** The notification while a process tries it: if that process crashes, another one tries later. */
export function claimed(notification: UrlNotification, now: Date): UrlNotification {
  const dueAt = new Date(now.getTime() + claimMilliseconds).toISOString();
  return { ...notification, state: 'pending', dueAt, endedAt: undefined, revision: notification.revision + 1 };
}

/** Whether a process may be trying it: it is claimed, or due before a claim would end. */
export function isBeingPosted({ state, dueAt = '' }: UrlNotification, now: Date): boolean {
  const left = Date.parse(dueAt) - now.getTime();
  return state === 'pending' && left > 0 && left <= claimMilliseconds;
}

/** The result of an attempt: no error, or why it failed and whether another attempt can help. */
export type Attempt = { error?: undefined } | { error: string; isFinal: boolean; retryAt?: string | undefined };

/** The notification after an attempt. */
export function attempted(notification: UrlNotification, attempt: Attempt, now: Date, random: number): UrlNotification {
  const ended = { ...notification, revision: notification.revision + 1, dueAt: undefined, endedAt: now.toISOString() };
  if (attempt.error === undefined) return { ...ended, state: 'delivered', error: undefined };
  const failures = notification.failures + 1;
  const failed = { ...ended, failures, error: attempt.error };
  if (attempt.isFinal || failures >= mostAttempts) return { ...failed, state: 'failed' };
  return { ...failed, endedAt: undefined, dueAt: backOff(failures, pauses, now, random, attempt.retryAt) };
}

/** What the receiver knows a notification by, however often it is posted. */
export const keyOf = ({ id }: Pick<UrlNotification, 'id'>): string => id.slice(-keyDigits);

/** Whether two settings name the same address. */
export const isSameAddress = (one: NotifyUrl, other: NotifyUrl): boolean =>
  one.url === other.url && one.secret === other.secret;

/** What everybody may read of an address: its path may contain a key. */
export function placeOf({ url, secret }: NotifyUrl): string {
  return url === undefined ? `the address in the secret ${secret}` : (URL.parse(url)?.host ?? 'an address');
}
