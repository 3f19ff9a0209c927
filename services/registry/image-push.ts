import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Upload } from '../http/public-fetch.ts';
import {
  type Registry,
  type RegistryAnswer,
  type RegistryClient,
  RegistryUnavailableError,
} from './registry-client.ts';

export type PushMethod = 'HEAD' | 'GET' | 'POST' | 'PATCH' | 'PUT';

export interface Manifest {
  bytes: Buffer;
  mediaType: string;
}

export interface Blob {
  digest: string;
  size: number;
}

/** The registry does not let us push, and another attempt cannot change that. */
export class PushRefusedError extends Error {
  override readonly name = 'PushRefusedError';
}

const indexType = 'application/vnd.oci.image.index.v1+json';
const largestAnswer = 4 * 1024 * 1024;
/** Statuses for which the same request gets the same answer. */
const refusals = new Set([405, 413, 415, 422]);

const referrerSchema = z.looseObject({ digest: z.string() });
const indexSchema = z.object({ manifests: z.array(referrerSchema).default([]) });

type ReferrerDescriptor = z.infer<typeof referrerSchema>;

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Writes to one repository of a registry outside, over the OCI Distribution API, as Docker does. */
export function createImagePush(request: RegistryClient<PushMethod>, registry: Registry, repository: string) {
  const name = `${registry.host}/${repository}`;

  function send(method: PushMethod, path: string | URL, more: Partial<Parameters<typeof request>[0]> = {}) {
    const access = 'pull,push' as const;
    return request({ method, registry, repository, path, access, maximumBytes: largestAnswer, ...more });
  }

  async function refuse(answer: RegistryAnswer, what: string): Promise<never> {
    const text = (await answer.text()).slice(0, 300);
    const says = `${registry.host} answered ${answer.status} to ${what}${text && `: ${text}`}`;
    if (answer.status === 401)
      throw new PushRefusedError(
        `${registry.host} does not accept the credentials for ${repository}. Put valid ones into the secret of the registries`,
      );
    if (answer.status === 403)
      throw new PushRefusedError(
        `The credentials for ${registry.host} may not push to ${repository}. Allow them to, or write another destination`,
      );
    if (answer.status === 404)
      throw new RegistryUnavailableError(`${says}. If it makes no repository at a push, create ${repository} there`);
    throw refusals.has(answer.status) ? new PushRefusedError(says) : new RegistryUnavailableError(says);
  }

  async function head(path: string, accept: string): Promise<Headers | undefined> {
    const answer = await send('HEAD', path, { accept });
    if (answer.status === 404) {
      answer.discard();
      return undefined;
    }
    if (answer.status !== 200) return refuse(answer, `the question for ${path}`);
    answer.discard();
    return answer.headers;
  }

  /** Where the next part of an upload goes. */
  function locationOf(answer: RegistryAnswer, before: string | URL): URL {
    const named = answer.headers.get('location');
    const url = named === null ? null : URL.parse(named, String(before));
    // The bytes are those of an image that may be private.
    if (!url || (registry.url.startsWith('https:') && url.protocol !== 'https:'))
      throw new RegistryUnavailableError(`${registry.host} names no safe address for an upload`);
    return url;
  }

  return {
    name,

    /** The digest of what a tag or a digest names; undefined if there is none. */
    async digestOf(reference: string, { mediaType }: Pick<Manifest, 'mediaType'>): Promise<string | undefined> {
      return (await head(`manifests/${reference}`, mediaType))?.get('docker-content-digest') ?? undefined;
    },

    async hasManifest(digest: string, { mediaType }: Pick<Manifest, 'mediaType'>): Promise<boolean> {
      return (await head(`manifests/${digest}`, mediaType)) !== undefined;
    },

    /** A registry that has lost the end of a blob reports another size. */
    async hasBlob({ digest, size }: Blob): Promise<boolean> {
      const stated = (await head(`blobs/${digest}`, '*/*'))?.get('content-length');
      return stated !== undefined && (stated === null || Number(stated) === size);
    },

    /** Sends a blob, or has the registry take it from another of its repositories. */
    async putBlob({ digest, size }: Blob, open: Upload['open'], from?: string): Promise<void> {
      const path = 'blobs/uploads/';
      const mounted = from && (await send('POST', `${path}?${new URLSearchParams({ mount: digest, from })}`, { from }));
      if (mounted && mounted.status === 201) return mounted.discard();
      // A registry that does not mount it has begun an upload, or says that we may not read the other repository.
      if (mounted && mounted.status !== 202) mounted.discard();
      const begun = mounted && mounted.status === 202 ? mounted : await send('POST', path);
      if (begun.status !== 202) return refuse(begun, 'the begin of an upload');
      begun.discard();
      const upload = locationOf(begun, `${registry.url}/v2/${repository}/${path}`);
      const body = { length: size, open };
      const sent = await send('PATCH', upload, { body, contentType: 'application/octet-stream' });
      if (sent.status !== 202 && sent.status !== 201 && sent.status !== 204)
        return refuse(sent, `the bytes of ${digest}`);
      sent.discard();
      const end = locationOf(sent, upload);
      end.searchParams.set('digest', digest);
      const done = await send('PUT', end, { body: Buffer.alloc(0) });
      if (done.status !== 201) return refuse(done, `the end of the upload of ${digest}`);
      done.discard();
    },

    /** @throws RegistryUnavailableError also if the registry made something else of the manifest */
    async putManifest(reference: string, { bytes, mediaType }: Manifest): Promise<void> {
      const answer = await send('PUT', `manifests/${reference}`, { body: bytes, contentType: mediaType });
      if (answer.status !== 201) return refuse(answer, `the manifest ${reference}`);
      answer.discard();
      const [stated, expected] = [answer.headers.get('docker-content-digest'), digestOf(bytes)];
      if (stated !== null && stated !== expected)
        throw new RegistryUnavailableError(`${registry.host} made ${stated} of the manifest ${expected}`);
    },

    /**
     * Lets clients find the referrers of an image at a registry that does not list them itself: they are then listed under a tag, by
     * whoever pushes them. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
     */
    async listReferrers(digest: string, referrers: ReferrerDescriptor[]): Promise<void> {
      const own = await send('GET', `referrers/${digest}`, { accept: indexType });
      own.discard();
      if (own.status === 200) return;
      const tag = digest.replace(':', '-');
      const listed = await send('GET', `manifests/${tag}`, { accept: indexType });
      if (listed.status !== 200 && listed.status !== 404) return refuse(listed, 'the list of referrers');
      const known = listed.status === 200 ? indexSchema.parse(JSON.parse(await listed.text())).manifests : [];
      if (listed.status === 404) listed.discard();
      const missing = referrers.filter((each) => !known.some((other) => other.digest === each.digest));
      if (missing.length === 0) return;
      const index = { schemaVersion: 2, mediaType: indexType, manifests: [...known, ...missing] };
      await this.putManifest(tag, { bytes: Buffer.from(JSON.stringify(index)), mediaType: indexType });
    },
  };
}

export type ImagePush = ReturnType<typeof createImagePush>;
