import * as z from 'zod/mini';
import type { PushTrigger } from '../model/trigger.ts';
import type { Delivery } from './webhook.ts';

const sha = z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/));

/** The last second of the year 9999, the last that ISO 8601 can write with four digits. */
const lastSecond = 253_402_300_799;

/**
 * The part of GitHub's push event that matters here; the rest, up to 2,048 commits, is not read.
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
    /** In seconds. Hosts that imitate GitHub's events leave it out, or send a string as in GitHub's other events. */
    pushed_at: z.optional(z.unknown()),
  }),
  pusher: z.object({ name: z.string() }),
});

export function pushTrigger(event: z.infer<typeof pushEventSchema>, { id, receivedAt, source }: Delivery): PushTrigger {
  const pushedAt = timeOf(event.repository.pushed_at);
  return {
    type: 'push',
    id,
    receivedAt: receivedAt.toISOString(),
    pushedAt,
    source,
    ref: event.ref,
    before: event.before,
    after: event.after,
    // For an annotated tag `after` is the tag object, but the commit is built.
    commit: event.deleted ? null : (event.head_commit?.id ?? event.after),
    deleted: event.deleted,
    forced: event.forced,
    pusher: event.pusher.name.slice(0, 100),
  };
}

/** Undefined for anything that is not a plausible time in seconds. */
function timeOf(second: unknown): string | undefined {
  const isTime = typeof second === 'number' && Number.isInteger(second) && second > 0 && second <= lastSecond;
  return isTime ? new Date(second * 1000).toISOString() : undefined;
}
