export interface Backoff {
  /** After the first failure, in milliseconds. */
  first: number;
  longest: number;
  /** So long a host is believed that says when it wants to be asked again; as long as `longest` where it is absent. */
  longestAsked?: number;
}

/**
 * Until when something is left alone that has failed so often: twice as long each time, and up to half of it less by chance, so that what
 * failed together is not tried again together. A host that asks for more gets it; one that asks for less has failed as often all the same.
 * @param random from 0 to below 1
 * @param askedFor when the host wants to be asked again, where it says so
 */
export function backOff(
  failures: number,
  { first, longest, longestAsked = longest }: Backoff,
  now: Date,
  random: number,
  askedFor?: string,
): string {
  const pause = Math.min(first * 2 ** (failures - 1), longest) * (1 - random / 2);
  const asked = askedFor === undefined ? 0 : Math.min(Date.parse(askedFor) - now.getTime(), longestAsked);
  return new Date(now.getTime() + Math.max(pause, asked)).toISOString();
}
