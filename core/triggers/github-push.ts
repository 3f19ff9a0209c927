import * as z from 'zod/mini';
import type { PushTrigger } from '../model/trigger.ts';
import { sourceOf } from '../sources/source.ts';

/**
 * The part of GitHub's push event that matters here; the rest, up to 2,048 commits, is not read.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
 */
export const pushEventSchema = z.object({
  ref: z.string().check(z.maxLength(1024)),
  after: z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)),
  repository: z.object({ clone_url: z.url().check(z.maxLength(2048)) }),
  pusher: z.object({ name: z.string() }),
});

/** How events write that there is no object: the ref did not exist before, or is deleted. */
export const isNoObject = (id: string): boolean => /^0+$/.test(id);

export function pushTrigger(
  { ref, after, repository, pusher }: z.infer<typeof pushEventSchema>,
  delivery: string,
): PushTrigger {
  return {
    type: 'push',
    id: delivery,
    source: sourceOf(repository.clone_url),
    ref,
    // For an annotated tag `after` is the tag object, and not the commit that the host names.
    expected: ref.startsWith('refs/tags/') && !isNoObject(after) ? undefined : after,
    pusher: pusher.name.slice(0, 100),
  };
}
