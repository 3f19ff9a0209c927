import * as z from 'zod';
import { urlNotificationSchema } from '../url-notifications/url-notification.ts';
import { listOf, named } from './named.ts';

const known = urlNotificationSchema.shape;

export const apiNotificationSchema = urlNotificationSchema
  .pick({ id: true, state: true, failures: true })
  .extend({
    event: known.name,
    /** When the event happened. */
    at: z.iso.datetime(),
    /** The host, or the name of the secret that has the address: an address may have a key in its path. */
    to: z.string(),
    build: z.string().nullable(),
    /** Why the last attempt failed. */
    error: z.string().nullable(),
    nextAttemptAt: z.iso.datetime().nullable(),
    /** When it was delivered or given up. */
    endedAt: z.iso.datetime().nullable(),
  })
  .register(named, {
    id: 'Notification',
    description: 'An event for an address that the entry names, and what became of it. `failed`: it was given up.',
  });

export const apiNotificationListSchema = listOf(apiNotificationSchema).register(named, {
  id: 'NotificationList',
  description: 'The notifications sent to the addresses of an entry, the newest first.',
});

export type ApiNotification = z.infer<typeof apiNotificationSchema>;

/** The call that posts a notification again at once, signed by its caller as the commands are. */
export const redelivery = {
  path: '/api/v1/projects/{app}/{job}/{tag}/redeliveries',
  summary: 'Posts a notification again to its address',
  body: z
    .strictObject({ notification: z.string().max(100).describe('The id of the notification.') })
    .register(named, { id: 'RedeliveryCommand', description: 'The notification that is to be posted again.' }),
} as const;
