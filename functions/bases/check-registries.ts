import type { Logger } from '@aws-lambda-powertools/logger';
import {
  type BaseChange,
  changeToNotify,
  dueImages,
  type RegistryPause,
  type WatchedImage,
} from '../../core/bases/base-watch.ts';
import type { HostOutcome } from '../../core/concurrency.ts';
import { backOff } from '../../core/time/backoff.ts';
import { mapPerHost } from '../../services/http/per-host-limit.ts';
import type { PublicFetch } from '../../services/http/public-fetch.ts';
import {
  LoginRefusedError,
  outsideRegistry,
  type Registry,
  RegistryBusyError,
  RegistryUnavailableError,
} from '../../services/registry/registry-client.ts';
import type { RegistryCredentials } from '../../services/registry/registry-credentials.ts';
import { createDigestLookup, type DigestLookup } from '../../services/registry/watched-digest.ts';
import type { Bases } from '../../services/tables/bases.ts';

interface Services {
  bases: Pick<Bases, 'seen' | 'notified' | 'failed' | 'pause' | 'resume'>;
  /** Credentials of other registries, by the image. */
  pullCredentials: RegistryCredentials;
  /** Makes a fetch for public hosts and the pipeline's own registry. */
  fetchBeside: (ownHost: string) => PublicFetch;
  logger: Logger;
}

const atOnce = 64;
const atOncePerHost = 8;
/** After so many failures in a row the registry is down, not its images. One that was down before is probed with one request. */
const failuresUntilDown = 3;
const minutes = 60_000;
/** Docker Hub's rate limit has a window of six hours. */
const registryBackoff = { first: 10 * minutes, longest: 60 * minutes, longestAsked: 6 * 60 * minutes };

/**
 * Checks each image once, the least recently checked first, and returns those with a new digest. A registry that is down or limits the rate
 * does not delay the others, and is queried less and less often. Nobody gets a mail about it.
 */
export function createCheckRegistries({ bases, pullCredentials, fetchBeside, logger }: Services) {
  return async function checkRegistries(
    images: readonly { item: WatchedImage; isPinned: boolean; appIds: ReadonlySet<string> }[],
    pauses: ReadonlyMap<string, RegistryPause>,
    own: Registry,
    stop: AbortSignal,
  ): Promise<{ changes: BaseChange[]; left: number }> {
    const fetch = fetchBeside(own.host);
    const changes: BaseChange[] = [];
    const hosts = new Set<string>();
    const registries = new Map<string, DigestLookup>();

    /** One lookup for each login to a registry. */
    async function lookupFor(host: string, repository: string, appIds: ReadonlySet<string>): Promise<DigestLookup> {
      hosts.add(host);
      const stored = host === own.host ? own.credentials : await pullCredentials(`${host}/${repository}`, appIds);
      // Without credentials, if the operators keep them to other app-ids.
      const credentials = stored === 'withheld' ? undefined : stored;
      // Folders of a registry may have the same user, such as `oauth2`, with other passwords.
      const key = JSON.stringify([host, credentials]);
      const outside = { ...outsideRegistry(host), credentials, trustsTokenServer: true };
      const lookup = registries.get(key) ?? createDigestLookup(fetch, host === own.host ? own : outside);
      registries.set(key, lookup);
      return lookup;
    }

    const registryErrors = new Map<string, RegistryUnavailableError>();
    const due = dueImages(images, pauses, new Date());

    async function check(image: (typeof due)[number]): Promise<HostOutcome> {
      const { item, isPinned, appIds, registry: host, repository, tag } = image;
      const registry = await lookupFor(host, repository, appIds);
      try {
        const digest = await registry.digestOf(repository, tag);
        await record(item, isPinned, digest);
        return 'answered';
      } catch (error) {
        if (!(error instanceof RegistryUnavailableError)) throw error;
        // The registry itself is there: images that need no credentials, or others, are not held up.
        const isThere = error instanceof LoginRefusedError;
        if (!isThere) registryErrors.set(host, error);
        if (error instanceof RegistryBusyError) return 'down';
        await bases.failed(item, `The registry could not be read: ${error.message}.`, new Date());
        return isThere ? 'answered' : 'failed';
      }
    }

    async function record(item: WatchedImage, isPinned: boolean, digest: string | undefined): Promise<void> {
      const now = new Date();
      const change = digest && changeToNotify(item, digest, now);
      if (change && isPinned) await bases.notified(change, item, now);
      else if (change) changes.push(change);
      else if (digest) await bases.seen(item, digest, now.toISOString());
      else await bases.failed(item, 'The registry has no such image, or the image is not public.', now);
    }

    const { left, down } = await mapPerHost(
      due,
      ({ registry }) => registry,
      { atOnce, atOncePerHost, failuresUntilDown: (host) => (pauses.has(host) ? 1 : failuresUntilDown) },
      check,
      stop,
    );
    for (const host of hosts) {
      const before = pauses.get(host);
      const error = down.includes(host) ? registryErrors.get(host) : undefined;
      if (error) await pause(host, error, before);
      else if (before) await bases.resume(host);
    }
    return { changes, left: left.length };
  };

  async function pause(host: string, error: RegistryUnavailableError, before?: RegistryPause): Promise<void> {
    const failures = (before?.failures ?? 0) + 1;
    const requestedUntil = error instanceof RegistryBusyError ? error.until : undefined;
    const notBefore = backOff(failures, registryBackoff, new Date(), Math.random(), requestedUntil);
    await bases.pause(host, { failures, notBefore, reason: error.message });
    logger.warn('A registry is paused for a while', { registry: host, notBefore, error: error.message });
  }
}

export type CheckRegistries = ReturnType<typeof createCheckRegistries>;
