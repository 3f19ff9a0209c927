import * as z from 'zod/mini';
import type { PushTrigger } from '../model/trigger.ts';
import type { Delivery } from './webhook.ts';

/**
 * The part of GitHub's push event that matters here; the rest, up to 2,048 commits, is not read.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
 */
export const pushEventSchema = z.object({
  ref: z.string().check(z.maxLength(1024)),
  after: z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)),
  pusher: z.object({ name: z.string() }),
});

/** How events write that there is no object: the ref did not exist before, or is deleted. */
export const isNoObject = (id: string): boolean => /^0+$/.test(id);

export function pushTrigger(
  { ref, after, pusher }: z.infer<typeof pushEventSchema>,
  { id, source }: Delivery,
): PushTrigger {
  return {
    type: 'push',
    id,
    source,
    ref,
    // For an annotated tag `after` is the tag object, and not the commit that the host names.
    expected: ref.startsWith('refs/tags/') && !isNoObject(after) ? undefined : after,
    pusher: pusher.name.slice(0, 100),
  };
}
