import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import { createPublicFetch } from '../http/public-fetch.ts';
import { createImageDigests, manifestTypes } from './digest-lookup.ts';
import { ecrClient } from './ecr-client.ts';
import type { Manifest } from './image-push.ts';
import { createRegistryClient, ownRegistry, type Registry, type RegistryAnswer } from './registry-client.ts';
import { sendToRegistry } from './send-to-registry.ts';

const largestManifest = 4 * 1024 * 1024;
const referrersSchema = z.object({
  manifests: z.array(z.object({ digest: z.string(), artifactType: z.string().default('') })).default([]),
});

interface Limits {
  timeoutMilliseconds: number;
  signal: AbortSignal;
}

/** Reads images as they are, to copy them: of our own registry, with a token of the caller's own role. */
export function createImageOrigin(registry: Registry, limits: Limits) {
  const fetch = createPublicFetch({ privateHosts: [new URL(registry.url).host] });
  const send = sendToRegistry(fetch, limits);
  const request = createRegistryClient<'GET'>(send);
  const digestOf = createImageDigests(send);

  async function get(
    repository: string,
    path: string,
    accept: string,
    maximumBytes = largestManifest,
  ): Promise<RegistryAnswer> {
    const answer = await request({ method: 'GET', registry, repository, path, accept, maximumBytes });
    if (answer.status === 200) return answer;
    answer.discard();
    throw new UpstreamError(`The registry answered ${answer.status} to ${path} of ${repository}.`);
  }

  return {
    /** The digest that a tag names; undefined if there is none. */
    digestOf: (repository: string, tag: string) => digestOf(registry, repository, tag),

    async manifest(repository: string, digest: string): Promise<Manifest> {
      const answer = await get(repository, `manifests/${digest}`, manifestTypes);
      return { bytes: await answer.bytes(), mediaType: answer.headers.get('content-type') ?? '' };
    },

    /** The bytes of a blob, as they come. */
    async blob(repository: string, { digest, size }: { digest: string; size: number }) {
      return (await get(repository, `blobs/${digest}`, '*/*', size)).body;
    },

    /** What refers to an image. */
    async referrers(repository: string, digest: string) {
      const answer = await get(repository, `referrers/${digest}`, 'application/vnd.oci.image.index.v1+json');
      return referrersSchema.parse(JSON.parse(await answer.text())).manifests;
    },
  };
}

export type ImageOrigin = ReturnType<typeof createImageOrigin>;

export async function openImageOrigin(limits: Limits): Promise<ImageOrigin> {
  return createImageOrigin(await ownRegistry(ecrClient(), limits.signal), limits);
}
