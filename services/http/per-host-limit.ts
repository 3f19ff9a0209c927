import { firstPace, type HostOutcome, paceAfter } from '../../core/concurrency.ts';

interface Limits {
  atOnce: number;
  atOncePerHost: number;
  /** How many failures in a row make a host count as down. */
  failuresUntilDown(host: string): number;
}

/**
 * Does the work for every item: many at once, but few at each host, at a pace that the host can bear.
 * @param work returns how the host behaved; the items left of a host that is down are skipped
 * @param stop when aborted, no further item is started
 * @returns the items that were not reached because of `stop`, and the hosts that are down
 */
export async function mapPerHost<Item>(
  items: readonly Item[],
  hostOf: (item: Item) => string,
  { atOnce, atOncePerHost, failuresUntilDown }: Limits,
  work: (item: Item) => Promise<HostOutcome>,
  stop: AbortSignal,
): Promise<{ left: Item[]; down: string[] }> {
  const hosts = [...Map.groupBy(items, hostOf)].map(([name, waiting]) => ({
    name,
    waiting: waiting.toReversed(),
    failuresUntilDown: failuresUntilDown(name),
    running: 0,
    pace: firstPace,
  }));
  const isReady = (host: (typeof hosts)[number]) =>
    host.waiting.length > 0 && host.running < host.pace.width && !host.pace.isDown;

  async function workOn(host: (typeof hosts)[number], item: Item): Promise<void> {
    host.running++;
    const outcome = await work(item);
    host.running--;
    host.pace = paceAfter(host.pace, outcome, { atOncePerHost, failuresUntilDown: host.failuresUntilDown });
  }

  const running = new Set<Promise<void>>();
  // Takes one item from each host in sequence, so that a large host does not use up `atOnce`.
  let position = 0;
  for (;;) {
    for (let idle = 0; running.size < atOnce && idle < hosts.length && !stop.aborted; position++) {
      const host = hosts[position % hosts.length];
      const item = host && isReady(host) ? host.waiting.pop() : undefined;
      idle = item === undefined ? idle + 1 : 0;
      if (!host || item === undefined) continue;
      const job = workOn(host, item).finally(() => running.delete(job));
      running.add(job);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }

  const unreached = new Set(hosts.filter(({ pace }) => !pace.isDown).flatMap(({ waiting }) => waiting));
  const down = hosts.filter(({ pace }) => pace.isDown);
  return { left: items.filter((item) => unreached.has(item)), down: down.map(({ name }) => name) };
}
