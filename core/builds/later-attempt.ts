import type { Build, Waiting } from '../model/build.ts';
import { registryLimitErrors } from '../model/builder-contract.ts';
import { notBegun } from './failure.ts';

/**
 * The pauses before a build runs again, in minutes. Docker Hub counts the pulls of an address for six hours, and CodeBuild has waited for
 * eight before it gives a build up: three times that is a day. https://docs.docker.com/docker-hub/usage/
 */
const pauses: Record<Waiting['for'], readonly number[]> = {
  base: [5, 10, 20, 40, 60, 60, 60, 60, 60],
  machine: [0, 0],
};

/** When a build that failed runs again: undefined where waiting does not help, or has not helped often enough. */
export function laterAttempt(
  { waiting, candidate }: Pick<Build, 'waiting' | 'candidate'>,
  error: string,
  now: Date,
): Waiting | undefined {
  const reason = waitsFor(error);
  if (reason === undefined || candidate) return undefined;
  // The step runs a second time.
  if (waiting && Date.parse(waiting.until) > now.getTime()) return waiting;
  const times = waiting?.for === reason ? waiting.times + 1 : 1;
  const minutes = pauses[reason][times - 1];
  if (minutes === undefined) return undefined;
  return { for: reason, times, until: new Date(now.getTime() + minutes * 60_000).toISOString() };
}

/** What is not there at the moment; undefined for any other error. Where CodeBuild's queue was full, the state machine has waited for a day. */
function waitsFor(error: string): Waiting['for'] | undefined {
  if (error === notBegun.queuedTooLong) return 'machine';
  return (registryLimitErrors as readonly string[]).includes(error) ? 'base' : undefined;
}
