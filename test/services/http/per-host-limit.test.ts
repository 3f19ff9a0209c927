import { describe, expect, it } from 'vitest';
import type { HostOutcome } from '../../../core/concurrency.ts';
import { mapPerHost } from '../../../services/http/per-host-limit.ts';

const never = new AbortController().signal;
const limits = { atOnce: 6, atOncePerHost: 4, failuresUntilDown: () => 3 };
const hostOf = (item: string) => item.split('/')[0] ?? '';
const items = (host: string, count: number) => Array.from({ length: count }, (_, at) => `${host}/${at}`);

/** Work with the given outcomes, and how much of it ran at once. */
function workshop(outcomeOf: (item: string) => HostOutcome) {
  const done: string[] = [];
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  const count = (key: string, by: number) => {
    running.set(key, (running.get(key) ?? 0) + by);
    most.set(key, Math.max(most.get(key) ?? 0, running.get(key) ?? 0));
  };
  const work = async (item: string): Promise<HostOutcome> => {
    const keys = ['all', hostOf(item)];
    for (const key of keys) count(key, 1);
    await new Promise((resolve) => setImmediate(resolve));
    for (const key of keys) count(key, -1);
    done.push(item);
    return outcomeOf(item);
  };
  return { done, most, work };
}

describe('items of many hosts', () => {
  it('are all done, some at a time, and few at a time at each host', async () => {
    const { done, most, work } = workshop(() => 'answered');
    const all = [...items('a', 30), ...items('b', 30), ...items('c', 2)];
    expect(await mapPerHost(all, hostOf, limits, work, never)).toEqual({ left: [], down: [] });
    expect(done.toSorted()).toEqual(all.toSorted());
    expect(most.get('a')).toBe(4);
    expect(most.get('all')).toBe(6);
  });

  it('none at all are done at once', async () => {
    const { work } = workshop(() => 'answered');
    expect(await mapPerHost([], hostOf, limits, work, never)).toEqual({ left: [], down: [] });
  });

  it('of a host that is down are not tried: the first says it', async () => {
    const { done, work } = workshop((item) => (hostOf(item) === 'down' ? 'down' : 'answered'));
    const { left, down } = await mapPerHost([...items('down', 50), ...items('b', 5)], hostOf, limits, work, never);
    expect(done.filter((item) => hostOf(item) === 'down')).toEqual(['down/0']);
    expect(done).toHaveLength(6);
    expect({ left, down }).toEqual({ left: [], down: ['down'] });
  });

  it('of a host in trouble are tried one by one, until it has been in trouble too often in a row', async () => {
    const { done, most, work } = workshop(() => 'failed');
    expect((await mapPerHost(items('slow', 50), hostOf, limits, work, never)).down).toEqual(['slow']);
    expect(done).toEqual(['slow/0', 'slow/1', 'slow/2']);
    expect(most.get('slow')).toBe(1);
  });

  it('of a host where some are in trouble are all tried', async () => {
    const { done, work } = workshop((item) => (/[05]$/.test(item) ? 'failed' : 'answered'));
    expect((await mapPerHost(items('big', 40), hostOf, limits, work, never)).down).toEqual([]);
    expect(done).toHaveLength(40);
  });

  it('that were not begun in time are returned', async () => {
    const stop = new AbortController();
    const { done, work } = workshop(() => 'answered');
    const begin = async (item: string) => {
      if (item === 'a/3') stop.abort();
      return work(item);
    };
    const all = items('a', 20);
    const { left } = await mapPerHost(all, hostOf, limits, begin, stop.signal);
    expect([...done, ...left].toSorted()).toEqual(all.toSorted());
    expect(left.length).toBeGreaterThan(10);
  });

  it('fail as a whole where the work itself fails', async () => {
    const work = async () => {
      throw new Error('no table');
    };
    await expect(mapPerHost(items('a', 3), hostOf, limits, work, never)).rejects.toThrow('no table');
  });
});
