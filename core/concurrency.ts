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
  | 'well'
  /** The host did not answer this time, which may be the item's fault. */
  | 'troubled'
  /** Further requests to the host are pointless. */
  | 'down';

/** How requests are sent to a host. */
export interface HostPace {
  /** The number of requests at a time. */
  width: number;
  /** How often in a row the host was in trouble. */
  troubles: number;
  /** The host gets no more requests. */
  isDown: boolean;
}

/** A host first gets a single request. */
export const firstPace: HostPace = { width: 1, troubles: 0, isDown: false };

/**
 * The pace for a host after an outcome. The number of requests at a time doubles while the host is well, and falls back to one when it is
 * in trouble. So a host that is down costs only one request, and a slow host delays only its own items.
 * @param patience how often in a row the host may be in trouble before it counts as down
 */
export function paceAfter(
  { width, troubles, isDown }: HostPace,
  outcome: HostOutcome,
  { atOncePerHost, patience }: { atOncePerHost: number; patience: number },
): HostPace {
  if (outcome === 'well') return { width: Math.min(width * 2, atOncePerHost), troubles: 0, isDown };
  return { width: 1, troubles: troubles + 1, isDown: isDown || outcome === 'down' || troubles + 1 >= patience };
}
