/**
 * When the mails of a cascade go out. A small one sends a mail for each build as it ends. A large one would fill the inbox of somebody who
 * owns many of its projects: its mails wait, and each owner gets a single mail about all their builds.
 */

/** The most members of a cascade whose builds have mails of their own. */
export const mostOwnMails = 5;

/** A cascade may take hours. Nobody waits longer than this for the mail about a build. */
const longestWait = 60 * 60_000;

/** A build that has ended is recorded a moment before its mail is. */
const settling = 60_000;

/**
 * The time until which waiting mails go into a digest now; undefined while they have to wait.
 * @param oldest since when the first of the mails waits
 * @param endedAt absent while the cascade goes on
 */
export function digestUntil(
  { oldest, endedAt }: { oldest: string; endedAt?: string | undefined },
  now: Date,
): string | undefined {
  const settled = new Date(now.getTime() - settling).toISOString();
  const isLate = oldest < new Date(now.getTime() - longestWait).toISOString();
  const isOver = endedAt !== undefined && endedAt <= settled;
  return (isOver || isLate) && oldest <= settled ? settled : undefined;
}
