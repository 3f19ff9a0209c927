import { type Backoff, backOff } from '../time/backoff.ts';

/** The alarm on triggers that are not planned rings after ten minutes in the queue, so no trigger waits that long at a time. */
const pauses: Backoff = { first: 10_000, longest: 5 * 60_000 };
/** About a day. After that a person should look. */
const mostWhileDown = 400;
/** A git host may send an event a few seconds before all of its servers show the change. Twice, half a minute in all, is enough for that. */
const mostWhileUnseen = 2;
/** Some ten minutes: what is too much for the host now will hardly be less in an hour. */
const mostWhileSlow = 6;

const most = { down: mostWhileDown, unseen: mostWhileUnseen, slow: mostWhileSlow } as const;
/** Why a trigger is put off. */
export type PostponeReason = keyof typeof most;

/**
 * The delay in seconds after which a trigger is planned again, because the git host did not answer, does not show what it reported, or
 * did not send in time what it was asked for.
 * @param postponed how often the trigger was put off already
 * @param requested the time that the host requests, if it does
 * @returns undefined if it has been put off often enough
 */
export function postponement(
  reason: PostponeReason,
  postponed: number,
  { now, random, requested }: { now: Date; random: number; requested?: string | undefined },
): number | undefined {
  if (postponed >= most[reason]) return undefined;
  const next = backOff(postponed + 1, pauses, now, random, requested);
  return Math.ceil((Date.parse(next) - now.getTime()) / 1000);
}
