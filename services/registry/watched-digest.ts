import type { PublicFetch } from '../http/public-fetch.ts';
import { createImageDigests } from './digest-lookup.ts';
import type { Registry } from './registry-client.ts';
import { sendToRegistry } from './send-to-registry.ts';

const timeoutMilliseconds = 15_000;

/** Reads the digests of one registry's images. */
export function createDigestLookup(fetch: PublicFetch, registry: Registry) {
  const digestOf = createImageDigests(sendToRegistry(fetch, { timeoutMilliseconds }));

  return {
    /**
     * The digest that a tag names; undefined if the registry has no such image, or it is not public.
     * @throws RegistryUnavailableError, RegistryBusyError
     */
    digestOf: (repository: string, tag: string) => digestOf(registry, repository, tag),
  };
}

export type DigestLookup = ReturnType<typeof createDigestLookup>;
