import * as z from 'zod/mini';
import { sourceOf } from './source.ts';
import type { PushTrigger } from './trigger.ts';

const sha = z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/));

/** The last second of the year 9999: beyond it a time is no ISO 8601 any more. */
const lastSecond = 253_402_300_799;

/**
 * The part of GitHub's push event that matters here; the rest, up to 2,048 commits, is passed over unread.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
 */
export const pushEventSchema = z.object({
  ref: z.string().check(z.maxLength(1024)),
  before: sha,
  after: sha,
  deleted: z.boolean(),
  forced: z.boolean(),
  head_commit: z.nullable(z.object({ id: sha })),
  repository: z.object({
    clone_url: z.url().check(z.maxLength(2048)),
    /** In seconds; a text in every other event. Hosts that only speak GitHub's language leave it out. */
    pushed_at: z.catch(z.optional(z.int().check(z.positive(), z.maximum(lastSecond))), undefined),
  }),
  pusher: z.object({ name: z.string() }),
});

export function pushTrigger(event: z.infer<typeof pushEventSchema>, delivery: string, receivedAt: Date): PushTrigger {
  const { clone_url, pushed_at } = event.repository;
  return {
    type: 'push',
    id: delivery,
    receivedAt: receivedAt.toISOString(),
    ...(pushed_at === undefined ? {} : { pushedAt: new Date(pushed_at * 1000).toISOString() }),
    source: sourceOf(clone_url),
    ref: event.ref,
    before: event.before,
    after: event.after,
    // For an annotated tag `after` is the tag object; what is built is the commit.
    commit: event.deleted ? null : (event.head_commit?.id ?? event.after),
    deleted: event.deleted,
    forced: event.forced,
    pusher: event.pusher.name.slice(0, 100),
  };
}
