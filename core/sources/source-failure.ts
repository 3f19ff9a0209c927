import type { HostOutcome } from '../concurrency.ts';
import {
  HostBusyError,
  HostSilentError,
  HostUnreachableError,
  SourceAbsentError,
  type UpstreamError,
} from '../model/errors.ts';
import type { Project } from '../model/project.ts';
import { quoted } from '../text/visible.ts';
import { type Backoff, backOff } from '../time/backoff.ts';

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

/** How a host answers that shows no repository. */
export interface AbsentSource {
  status: number;
  /** The address of another repository that the host had redirected to. */
  movedTo?: string | undefined;
}

/**
 * The error of a source whose host says that there is none: without a credential that counts, a host does not say whether there is a private one.
 * @param project undefined for the index's own repository
 */
export function absentError(
  { status, movedTo }: AbsentSource,
  project: Pick<Project, 'sourceSecret'> | undefined,
): SourceAbsentError {
  const secret = project?.sourceSecret && `"source-secret" ${quoted(project.sourceSecret)}`;
  if (!project)
    return new SourceAbsentError(
      `Its host answered ${status}: check indexRepository of the configuration, and this host's token in GitHostTokensSecretArn.`,
    );
  if (movedTo !== undefined)
    return new SourceAbsentError(
      `Its host redirects to ${movedTo}, which answered ${status}. Write that address as git-url${secret ? `, and have whoever runs this pipeline store a secret for it: ${secret} is not sent there` : ''}.`,
    );
  return new SourceAbsentError(
    secret
      ? `Its host answered ${status}: the token of ${secret} has ended, was revoked, or does not open this repository. Have whoever runs this pipeline store another, or correct git-url.`
      : `There is no such repository, or it is not public: its host answered ${status}. Correct git-url, or name in "source-secret" what opens the repository.`,
  );
}
