import { z } from 'zod';

/** A branch or tag was pushed. `after` is the head of the ref: a commit, for an annotated tag the tag object. */
export const pushTriggerSchema = z.object({
  type: z.literal('push'),
  /** The delivery's GUID: a redelivery carries the same one. */
  id: z.string().min(1).max(128),
  receivedAt: z.iso.datetime(),
  /** `host/owner/repository`, lower case, without `.git`. */
  source: z.string(),
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  /** The commit that the ref names in the end; null when the ref is deleted. */
  commit: z.string().nullable(),
  deleted: z.boolean(),
  forced: z.boolean(),
  pusher: z.string(),
});

/** What stands in the triggers queue. */
export const triggerSchema = z.discriminatedUnion('type', [pushTriggerSchema]);

export type Trigger = z.infer<typeof triggerSchema>;
export type PushTrigger = z.infer<typeof pushTriggerSchema>;
