import { retryAt } from '../../core/bases/base-watch.ts';
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
export function createDigestLookup(fetch: PublicFetch, registry: Registry) {
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
    // `ratelimit-remaining: 0` ends nothing: Docker Hub answers it to whoever shares an address with others, and counts no HEAD.
    // https://docs.docker.com/docker-hub/usage/pulls/
    return answer;
  });

  return {
    /**
     * The digest of a tag; undefined when the registry has no such image, or shows it to no stranger.
     * @throws RegistryUnavailableError, RegistryBusyError
     */
    digestOf: (repository: string, tag: string) => digestOf(registry, repository, tag),
  };
}

export type DigestLookup = ReturnType<typeof createDigestLookup>;
