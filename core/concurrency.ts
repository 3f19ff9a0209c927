/** Does the work for every item, at most `atOnce` at a time; the next one begins when any is done. The results are in the items' order. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Awaited<Result>[]> {
  const results: Awaited<Result>[] = new Array(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** Splits items into batches of at most `size`. */
export function inBatches<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** What the work with one item shows about its host. */
export type HostOutcome =
  /** The host answered. */
  | 'answered'
  /** The host did not answer this time, which may be the item's fault. */
  | 'failed'
  /** Further requests to the host are pointless. */
  | 'down';

/** How requests are sent to a host. */
export interface HostPace {
  /** The number of requests at a time. */
  width: number;
  /** How many requests in a row have failed. */
  failures: number;
  /** The host gets no more requests. */
  isDown: boolean;
}

/** A host first gets a single request. */
export const firstPace: HostPace = { width: 1, failures: 0, isDown: false };

/**
 * The pace for a host after an outcome. The number of requests at a time doubles while the host answers, and falls back to one when it
 * does not. So a host that is down costs only one request, and a slow host delays only its own items.
 * @param failuresUntilDown how many failures in a row make the host count as down
 */
export function paceAfter(
  { width, failures, isDown }: HostPace,
  outcome: HostOutcome,
  { atOncePerHost, failuresUntilDown }: { atOncePerHost: number; failuresUntilDown: number },
): HostPace {
  if (outcome === 'answered') return { width: Math.min(width * 2, atOncePerHost), failures: 0, isDown };
  return {
    width: 1,
    failures: failures + 1,
    isDown: isDown || outcome === 'down' || failures + 1 >= failuresUntilDown,
  };
}
