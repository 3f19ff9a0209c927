/** How long an answer of a store is used again: short enough that a page which follows a build does not lag noticeably. */
const freshMilliseconds = 500;
const mostKept = 500;

/**
 * The same read, whose answer is used again for half a second. Whatever the rate at which the same thing is requested, and whatever
 * parameters the address has besides, an instance of the function reads it at most once in that time. The arguments must be data: two
 * functions would count as the same.
 */
export function recently<Arguments extends unknown[], Value>(
  read: (...args: Arguments) => Promise<Value>,
  now: () => number = Date.now,
): (...args: Arguments) => Promise<Value> {
  const kept = new Map<string, { value: Promise<Value>; until: number }>();
  return (...args) => {
    const key = JSON.stringify(args);
    const known = kept.get(key);
    if (known && known.until > now()) return known.value;
    const value = read(...args);
    kept.delete(key);
    kept.set(key, { value, until: now() + freshMilliseconds });
    // A Map lists its entries in the order in which they were added: the first is the oldest.
    for (const [oldest, { until }] of kept) {
      if (until > now() && kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    value.catch(() => kept.delete(key));
    return value;
  };
}
