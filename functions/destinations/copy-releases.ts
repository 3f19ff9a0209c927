import { mapConcurrently } from '../../core/concurrency.ts';
import { destinationOf, destinationsOf } from '../../core/destinations/destination.ts';
import { sbomFormats } from '../../core/model/builder-contract.ts';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import { parseImageReference } from '../../core/model/image-reference.ts';
import type { Project } from '../../core/model/project.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import { bundleType } from '../../core/signing/bundle.ts';
import { copyMinutes, type DeliveryOutcome, type TargetState } from '../../core/targets/target-state.ts';
import { openPublicFetch, type PublicFetch } from '../../services/http/public-fetch.ts';
import { copyImage } from '../../services/registry/image-copy.ts';
import { openImageOrigin } from '../../services/registry/image-origin.ts';
import { createImagePush, type PushMethod, PushRefusedError } from '../../services/registry/image-push.ts';
import { openPushCredentials } from '../../services/registry/push-credentials.ts';
import {
  createRegistryClient,
  outsideRegistry,
  RegistryBusyError,
  RegistryUnavailableError,
} from '../../services/registry/registry-client.ts';
import type { RegistryCredentials } from '../../services/registry/registry-credentials.ts';
import { sendToRegistry } from '../../services/registry/send-to-registry.ts';

interface Services {
  credentials: RegistryCredentials;
  fetch: PublicFetch;
  openOrigin: typeof openImageOrigin;
  /** @default copyMinutes */
  timeoutMilliseconds?: number;
}

type Owner = Pick<Project, 'name' | 'destinations'>;

const registriesAtOnce = 4;
/** What Slipway puts beside a release. Referrers of others are not copied. */
const referrerTypes = [bundleType, ...Object.values(sbomFormats)];

/** Copies releases of one project to other registries. An error with one registry does not keep the others from their copies. */
export function createCopyReleases({
  credentials,
  fetch,
  openOrigin,
  timeoutMilliseconds = copyMinutes * 60_000,
}: Services) {
  async function copy(
    project: Owner,
    { target, wanted }: TargetState,
    deadline: AbortSignal,
  ): Promise<DeliveryOutcome> {
    const destinations = destinationsOf({ ...parseProjectName(project.name), ...project });
    const destination = destinationOf({ ...parseProjectName(project.name), ...project }, target);
    if (destination === undefined)
      return { kind: 'failed', error: 'The index does not name it any more', isFinal: true };
    const { registry: host, repository } = parseImageReference(destination);
    const { appId } = parseProjectName(project.name);
    try {
      const known = await credentials(destination, [appId]);
      if (known === 'withheld') {
        const error = `The credentials for ${destination} are kept to other app-ids than ${appId}. Add it to their "app-ids" (docs/destinations.md), or take the destination out of the index`;
        return { kind: 'failed', error };
      }
      if (!known) {
        const error = `There are no credentials for ${destination}. Put some into the secret of the registries (docs/destinations.md)`;
        return { kind: 'failed', error };
      }
      const limits = { timeoutMilliseconds, signal: deadline };
      const send = sendToRegistry(fetch, limits);
      const registry = { ...outsideRegistry(host), credentials: known, trustsTokenServer: true };
      const push = createImagePush(createRegistryClient<PushMethod>(send), registry, repository);
      const neighbour = destinations.find(
        (each) => each !== destination && parseImageReference(each).registry === host,
      );
      const mountFrom = neighbour && parseImageReference(neighbour).repository;
      const from = wanted.repository.slice(wanted.repository.indexOf('/') + 1);
      const image = { repository: from, digest: wanted.digest, tags: wanted.tags, referrerTypes, mountFrom };
      await copyImage(await openOrigin(limits), push, image, deadline);
      return { kind: 'delivered' };
    } catch (error) {
      return outcomeOf(error, host, deadline);
    }
  }

  return async function copyReleases(
    project: Owner,
    states: readonly TargetState[],
  ): Promise<Map<string, DeliveryOutcome>> {
    const deadline = AbortSignal.timeout(timeoutMilliseconds);
    const hosts = Map.groupBy(states, ({ target }) => target.slice(0, target.indexOf('/')));
    const outcomes = new Map<string, DeliveryOutcome>();
    await mapConcurrently([...hosts.values()], registriesAtOnce, async (group) => {
      // One after the other, so that layers which one image brought to a registry can be mounted into the next.
      for (const state of group) outcomes.set(state.target, await copy(project, state, deadline));
    });
    return outcomes;
  };
}

function outcomeOf(error: unknown, host: string, deadline: AbortSignal): DeliveryOutcome {
  if (deadline.aborted) {
    const error = `${host} did not take the whole image in ${copyMinutes} minutes. What it has stays there, and the next attempt goes on`;
    return { kind: 'failed', error };
  }
  if (error instanceof PushRefusedError) return { kind: 'failed', error: error.message, isFinal: true };
  if (error instanceof RegistryUnavailableError) {
    const { message } = error;
    const retryAt = error instanceof RegistryBusyError ? error.until : undefined;
    return { kind: 'failed', error: message.startsWith(host) ? message : `${host}: ${message}`, retryAt };
  }
  if (error instanceof UpstreamError || error instanceof InvalidInputError)
    return { kind: 'failed', error: error.message };
  throw error;
}

export type CopyReleases = ReturnType<typeof createCopyReleases>;

export function openCopyReleases(): CopyReleases {
  return createCopyReleases({
    credentials: openPushCredentials(),
    fetch: openPublicFetch(),
    openOrigin: openImageOrigin,
  });
}
