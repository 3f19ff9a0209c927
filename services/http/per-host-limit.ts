import { firstPace, type HostOutcome, paceAfter } from '../../core/concurrency.ts';

interface Limits {
  atOnce: number;
  atOncePerHost: number;
  /** How often in a row a host may be in trouble before it counts as down. */
  patienceWith(host: string): number;
}

/**
 * Does the work for every item, many at a time but few at each host, at the pace that the host bears.
 * @param work gives the host's word; with the items of a host that is down it is not done
 * @param stop ends it: what has not begun is not begun
 * @returns the items that were not reached because of `stop`, and the hosts that are down
 */
export async function mapPerHost<Item>(
  items: readonly Item[],
  hostOf: (item: Item) => string,
  { atOnce, atOncePerHost, patienceWith }: Limits,
  work: (item: Item) => Promise<HostOutcome>,
  stop: AbortSignal,
): Promise<{ left: Item[]; down: string[] }> {
  const hosts = [...Map.groupBy(items, hostOf)].map(([name, waiting]) => ({
    name,
    waiting: waiting.toReversed(),
    patience: patienceWith(name),
    running: 0,
    pace: firstPace,
  }));
  const isReady = (host: (typeof hosts)[number]) =>
    host.waiting.length > 0 && host.running < host.pace.width && !host.pace.isDown;

  async function ask(host: (typeof hosts)[number], item: Item): Promise<void> {
    host.running++;
    const word = await work(item);
    host.running--;
    host.pace = paceAfter(host.pace, word, { atOncePerHost, patience: host.patience });
  }

  const running = new Set<Promise<void>>();
  // One host after another, so that the largest does not take all places.
  let turn = 0;
  for (;;) {
    for (let idle = 0; running.size < atOnce && idle < hosts.length && !stop.aborted; turn++) {
      const host = hosts[turn % hosts.length];
      const item = host && isReady(host) ? host.waiting.pop() : undefined;
      idle = item === undefined ? idle + 1 : 0;
      if (!host || item === undefined) continue;
      const asked = ask(host, item).finally(() => running.delete(asked));
      running.add(asked);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }

  const unreached = new Set(hosts.filter(({ pace }) => !pace.isDown).flatMap(({ waiting }) => waiting));
  const down = hosts.filter(({ pace }) => pace.isDown);
  return { left: items.filter((item) => unreached.has(item)), down: down.map(({ name }) => name) };
}
