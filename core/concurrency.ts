/** Does the work for every item, some at a time; the next begins when any of them is done. The results stand in the items' order. */
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

/** In parts of at most that many. */
export function inBatches<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** What the work with one item says of the host that it was done with. */
export type HostOutcome =
  /** It answers. */
  | 'well'
  /** It did not answer this once, which may be the item's fault. */
  | 'troubled'
  /** There is no use in asking it further. */
  | 'down';

/** How a host is asked. */
export interface HostPace {
  /** So many requests at a time. */
  width: number;
  /** How often in a row it was in trouble. */
  troubles: number;
  /** It is not asked any more. */
  isDown: boolean;
}

/** A host is asked one thing first. */
export const firstPace: HostPace = { width: 1, troubles: 0, isDown: false };

/**
 * How a host is asked after it has answered: while it is well, twice as many requests at a time, so that one that is down costs one and a
 * slow one keeps nobody waiting but its own.
 * @param patience how often in a row it may be in trouble before it counts as down
 */
export function paceAfter(
  { width, troubles, isDown }: HostPace,
  word: HostOutcome,
  { atOncePerHost, patience }: { atOncePerHost: number; patience: number },
): HostPace {
  if (word === 'well') return { width: Math.min(width * 2, atOncePerHost), troubles: 0, isDown };
  return { width: 1, troubles: troubles + 1, isDown: isDown || word === 'down' || troubles + 1 >= patience };
}
