export interface Backoff {
  /** The pause after the first failure, in milliseconds. */
  first: number;
  longest: number;
  /** The longest pause that a host may request; `longest` where it is absent. */
  longestAsked?: number;
}

/**
 * The time of the next try. The pause doubles with each failure, and up to half of it is taken off at random, so that things that failed
 * together are not retried together. A host may request a longer pause, but not a shorter one.
 * @param random from 0 to below 1
 * @param requested the time of the next try that the host requests, if it does
 */
export function backOff(
  failures: number,
  { first, longest, longestAsked = longest }: Backoff,
  now: Date,
  random: number,
  requested?: string,
): string {
  const pause = Math.min(first * 2 ** (failures - 1), longest) * (1 - random / 2);
  const requestedPause = requested === undefined ? 0 : Math.min(Date.parse(requested) - now.getTime(), longestAsked);
  return new Date(now.getTime() + Math.max(pause, requestedPause)).toISOString();
}
