import { type Backoff, backOff } from '../time/backoff.ts';

/** The alarm on triggers that are not planned rings after ten minutes in the queue, so no trigger waits that long at a time. */
const pauses: Backoff = { first: 10_000, longest: 5 * 60_000 };
/** About a day. After that a person should look. */
const mostWhileDown = 400;
/** A git host may send an event a few seconds before all of its servers show the change. Twice, half a minute in all, is enough for that. */
const mostWhileUnseen = 2;

/**
 * The delay in seconds after which a trigger is planned again, because the git host did not answer, or does not show what it reported.
 * @param postponed how often the trigger was put off already
 * @param requested the time that the host requests, if it does
 * @returns undefined if it has been put off often enough
 */
export function postponement(
  reason: 'down' | 'unseen',
  postponed: number,
  { now, random, requested }: { now: Date; random: number; requested?: string | undefined },
): number | undefined {
  if (postponed >= (reason === 'down' ? mostWhileDown : mostWhileUnseen)) return undefined;
  const next = backOff(postponed + 1, pauses, now, random, requested);
  return Math.ceil((Date.parse(next) - now.getTime()) / 1000);
}
