import type { PushTrigger } from '../model/trigger.ts';
import type { Delivery } from './event-form.ts';

/** How events write that there is no object: the ref did not exist before, or is deleted. */
export const isNoObject = (id: string): boolean => /^0+$/.test(id);

/** @param after the object that the event has at the ref */
export function pushTrigger(
  { ref, after, pusher }: { ref: string; after: string; pusher: string },
  { id, source }: Delivery,
): PushTrigger {
  return {
    type: 'push',
    id,
    source,
    ref,
    // For an annotated tag `after` is the tag object, and not the commit that the host names.
    expected: ref.startsWith('refs/tags/') && !isNoObject(after) ? undefined : after,
    pusher: pusher.slice(0, 100),
  };
}
