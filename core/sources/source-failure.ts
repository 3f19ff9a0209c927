import type { HostOutcome } from '../concurrency.ts';
import { HostBusyError, HostSilentError, HostUnreachableError, UpstreamError } from '../model/errors.ts';
import { quoted } from '../text/visible.ts';
import { type Backoff, backOff } from '../time/backoff.ts';
import type { WatchedSource } from './watched-sources.ts';

const minutes = 60_000;
/** A run starts every ten minutes, so a source that fails for the first time is queried again in the next run or the one after. */
export const sourceBackoff: Backoff = { first: 20 * minutes, longest: 24 * 60 * minutes };
/** Probing whether a host is back takes one request. */
export const hostBackoff: Backoff = { first: 20 * minutes, longest: 60 * minutes };

/** What is recorded of a source, or of a host, that could not be queried. */
export interface SourceFailure {
  /** How often in a row. */
  failures: number;
  /** It is not queried until then. */
  retryAt: string;
  error: string;
}

/** @param random from 0 to below 1 */
export function failureAfter(
  failuresBefore: number,
  error: Error,
  { backoff, now, random }: { backoff: Backoff; now: Date; random: number },
): SourceFailure {
  const failures = failuresBefore + 1;
  const requested = error instanceof HostBusyError ? error.retryAt : undefined;
  return { failures, retryAt: backOff(failures, backoff, now, random, requested), error: error.message };
}

/** What the error of one source says about its host. */
export function hostOutcomeOf(error: UpstreamError): HostOutcome {
  if (error instanceof HostSilentError) return 'failed';
  if (error instanceof HostUnreachableError) return 'down';
  if (error instanceof HostBusyError) return error.retryAt ? 'down' : 'failed';
  return 'answered';
}

/** The error of a source whose host says that there is none: without credentials a git host does not say whether there is a private one. */
export function absentError(status: number, { projects: [project] }: Pick<WatchedSource, 'projects'>): UpstreamError {
  if (project?.sourceSecret !== undefined)
    return new UpstreamError(
      `Its host answered ${status}: the token of "source-secret" ${quoted(project.sourceSecret)} has ended, was revoked, or does not open this repository. Have whoever runs this pipeline store another, or correct git-url.`,
    );
  return new UpstreamError(`There is no such repository, or it is not public: its host answered ${status}.`);
}
