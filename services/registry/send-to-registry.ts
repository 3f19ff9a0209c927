import { UpstreamError } from '../../core/model/errors.ts';
import { retryAfter } from '../../core/time/retry-after.ts';
import type { PublicFetch, PublicRequest } from '../http/public-fetch.ts';
import { type RegistryAnswer, RegistryBusyError, RegistryUnavailableError } from './registry-client.ts';

/**
 * Sends requests to registries that strangers name. It repeats none: what fails is left for the next run.
 * @throws RegistryUnavailableError, RegistryBusyError
 */
export function sendToRegistry(fetch: PublicFetch, options: Pick<PublicRequest, 'timeoutMilliseconds' | 'signal'>) {
  return async (url: string, request: PublicRequest): Promise<RegistryAnswer> => {
    const answer = await fetch(url, { ...request, ...options }).catch((error: unknown) => {
      if (!(error instanceof UpstreamError)) throw error;
      throw new RegistryUnavailableError(error.message, { cause: error });
    });
    if (answer.status === 429 || answer.status >= 500) {
      answer.discard();
      const until = retryAfter(answer.headers.get('retry-after'), new Date());
      if (answer.status === 429) throw new RegistryBusyError('it says that it got too many requests', until);
      throw new RegistryUnavailableError(`it answered ${answer.status}`);
    }
    // `ratelimit-remaining: 0` is no reason to stop: Docker Hub sends it to everyone who shares an address, and does not count HEAD.
    // https://docs.docker.com/docker-hub/usage/pulls/
    return answer;
  };
}
