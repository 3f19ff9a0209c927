import { retryAt } from '../../core/bases/base-watch.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { PublicFetch } from '../http/public-fetch.ts';
import { createImageDigests, type Registry, RegistryBusyError, RegistryUnavailableError } from './digest-lookup.ts';

const timeoutMilliseconds = 15_000;

/** Reads the digests of one registry's images. It repeats no request: what fails is left for the next run. */
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
        'it says that it got too many requests',
        retryAt(answer.headers.get('retry-after'), new Date()),
      );
    }
    // `ratelimit-remaining: 0` is no reason to stop: Docker Hub sends it to everyone who shares an address, and does not count HEAD.
    // https://docs.docker.com/docker-hub/usage/pulls/
    return answer;
  });

  return {
    /**
     * The digest that a tag names; undefined if the registry has no such image, or it is not public.
     * @throws RegistryUnavailableError, RegistryBusyError
     */
    digestOf: (repository: string, tag: string) => digestOf(registry, repository, tag),
  };
}

export type DigestLookup = ReturnType<typeof createDigestLookup>;
