import * as z from 'zod';

/** What an address can be notified of, by the name in the index; `core/published-events` has the events. */
export const notifiedEvents = ['released', 'rolled-back', 'held', 'unheld', 'blocked', 'failed'] as const;
export const notifyFormats = ['cloudevents', 'slack', 'teams'] as const;

/** An address that gets a project's events. */
export const notifyUrlSchema = z.object({
  /** The address itself, or the name of the secret that has it. */
  url: z.string().optional(),
  secret: z.string().optional(),
  format: z.enum(notifyFormats),
  /** All of them where it is absent. */
  events: z.array(z.enum(notifiedEvents)).optional(),
});

export type NotifyUrl = z.infer<typeof notifyUrlSchema>;
export type NotifiedEvent = (typeof notifiedEvents)[number];
