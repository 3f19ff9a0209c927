import { isUsedUp, retryAt } from '../../core/bases/base-watch.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { PublicFetch } from '../http/public-fetch.ts';
import { createImageDigests, type Registry, RegistryUnavailableError } from './digest-lookup.ts';

/** The registry was asked too often. */
export class RegistryBusyError extends RegistryUnavailableError {
  override readonly name = 'RegistryBusyError';
  /** When it wants to be asked again, if it says so. */
  readonly until: string | undefined;

  constructor(message: string, until?: string) {
    super(message);
    this.until = until;
  }
}

const timeoutMilliseconds = 15_000;

/** Looks at the images of one registry, each question once: whatever fails is for the next run. */
export function createRegistryLook(fetch: PublicFetch, registry: Registry) {
  let usedUp: RegistryBusyError | undefined;
  const digestOf = createImageDigests(async (url, request) => {
    const answer = await fetch(url, { ...request, timeoutMilliseconds }).catch((error: unknown) => {
      if (!(error instanceof UpstreamError)) throw error;
      throw new RegistryUnavailableError(error.message, { cause: error });
    });
    if (answer.status === 429 || answer.status >= 500) {
      answer.discard();
      if (answer.status !== 429) throw new RegistryUnavailableError(`it answered ${answer.status}`);
      throw new RegistryBusyError(
        'it says that it was asked too often',
        retryAt(answer.headers.get('retry-after'), new Date()),
      );
    }
    if (isUsedUp(answer.headers.get('ratelimit-remaining'))) {
      usedUp = new RegistryBusyError('it says that nothing is left of what it gives in this window');
    }
    return answer;
  });

  return {
    /**
     * The digest of a tag; undefined when the registry has no such image, or shows it to no stranger.
     * @throws RegistryUnavailableError, RegistryBusyError
     */
    digestOf: (repository: string, tag: string) => digestOf(registry, repository, tag),

    /** Present once the registry has said that nothing is left of what it gives. */
    usedUp: () => usedUp,
  };
}

export type RegistryLook = ReturnType<typeof createRegistryLook>;
