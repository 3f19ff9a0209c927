import { GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import * as z from 'zod';
import { mapConcurrently } from '../../core/concurrency.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import { ecrClient } from './ecr-client.ts';
import { type Referrer, referrerManifest } from './referrer.ts';
import { haveSameContent, type ImageLocation, type ImageSource } from './same-content.ts';

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const accept = [...manifestTypes, ...indexTypes].join(', ');

const blobsAtOnce = 4;

const descriptorSchema = z.object({ digest: z.string() });
const manifestSchema = z.object({
  config: descriptorSchema.optional(),
  layers: z.array(descriptorSchema).default([]),
  manifests: z.array(descriptorSchema).default([]),
});

interface Manifest {
  bytes: Buffer<ArrayBuffer>;
  mediaType: string;
  digest: string;
}

/** The tag names another image, and the repository does not allow moving it. */
export class TagTakenError extends UpstreamError {}

/**
 * The registry does not take the manifest of a referrer. ECR checks manifests more strictly than the OCI specification asks for.
 * https://github.com/aws/containers-roadmap/issues/2783
 */
export class ReferrerRefusedError extends UpstreamError {}

/** A refusal that another attempt cannot change: no status of missing rights, of a missing repository, or of too many requests. */
const refusals = new Set([400, 405, 406, 409, 413, 415, 422, 501]);

/**
 * ECR's registry over the OCI Distribution API (https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md), with a
 * token of the caller's own role. Manifests are copied byte for byte, because a manifest that is serialized again has another digest.
 */
export async function openRegistry(client = ecrClient()) {
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  const { authorizationToken, proxyEndpoint } = authorizationData?.[0] ?? {};
  if (!authorizationToken || !proxyEndpoint) throw new UpstreamError('ECR gave no authorization token.');

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(path, proxyEndpoint);
    const headers = { ...init.headers, authorization: `Basic ${authorizationToken}` };
    return fetch(url, { ...init, headers }).catch((cause: unknown) => {
      // An UpstreamError makes the state machine try again: a failed connection says nothing about the image.
      throw new UpstreamError(`The registry ${url.host} gave no answer.`, { cause });
    });
  }

  async function refuse(response: Response, what: string): Promise<never> {
    const text = (await response.text()).slice(0, 500);
    throw new UpstreamError(`The registry answered ${response.status} to ${what}: ${text}`);
  }

  async function manifest(repository: string, reference: string): Promise<Manifest | undefined> {
    const response = await request(`/v2/${repository}/manifests/${reference}`, { headers: { accept } });
    if (response.status === 404) return undefined;
    if (!response.ok) return refuse(response, `the manifest ${reference} of ${repository}`);
    return {
      bytes: Buffer.from(await response.arrayBuffer()),
      mediaType: response.headers.get('content-type') ?? '',
      digest: response.headers.get('docker-content-digest') ?? reference,
    };
  }

  async function digestOf(repository: string, reference: string): Promise<string | undefined> {
    const response = await request(`/v2/${repository}/manifests/${reference}`, { method: 'HEAD', headers: { accept } });
    if (response.status === 404) return undefined;
    if (!response.ok) return refuse(response, `the digest of ${repository}:${reference}`);
    return response.headers.get('docker-content-digest') ?? undefined;
  }

  function sendManifest(repository: string, reference: string, { bytes, mediaType }: Manifest): Promise<Response> {
    return request(`/v2/${repository}/manifests/${reference}`, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: bytes,
    });
  }

  async function putManifest(repository: string, reference: string, content: Manifest): Promise<void> {
    const response = await sendManifest(repository, reference, content);
    if (response.ok) return;
    // The tag is immutable and names another image; ECR also answers this if the tag has this very digest. The caller checks which.
    // https://github.com/aws/containers-roadmap/issues/2179
    const text = await response.clone().text();
    if (/immutable|already exists|TAG_INVALID/i.test(text))
      throw new TagTakenError(`${repository}:${reference} cannot be moved: ${text.slice(0, 300)}`);
    await refuse(response, `the manifest ${reference} for ${repository}`);
  }

  /** Mounts a blob from the other repository. If the registry does not do that, the bytes are streamed through this process. */
  async function copyBlob(digest: string, from: string, to: string): Promise<void> {
    const existing = await request(`/v2/${to}/blobs/${digest}`, { method: 'HEAD' });
    if (existing.ok) return;
    const parameters = new URLSearchParams({ mount: digest, from });
    const started = await request(`/v2/${to}/blobs/uploads/?${parameters}`, { method: 'POST' });
    if (started.status === 201) return;
    const location = started.headers.get('location');
    if (started.status !== 202 || !location) return refuse(started, `an upload to ${to}`);

    const source = await request(`/v2/${from}/blobs/${digest}`);
    if (!source.ok) return refuse(source, `the blob ${digest} of ${from}`);
    await stream(digest, to, location, source.body);
  }

  /** Sends the bytes of an upload that was started, and finishes it. */
  async function stream(digest: string, to: string, location: string, body: RequestInit['body']): Promise<void> {
    const patched = await request(location, {
      method: 'PATCH',
      headers: { 'content-type': 'application/octet-stream' },
      body: body ?? null,
      duplex: 'half',
    });
    if (!patched.ok) return refuse(patched, `the bytes of ${digest} for ${to}`);
    await finish(digest, to, patched.headers.get('location') ?? location);
  }

  /** @param bytes those that were not sent yet */
  async function finish(digest: string, to: string, location: string, bytes?: Uint8Array<ArrayBuffer>): Promise<void> {
    const end = new URL(location, proxyEndpoint);
    end.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    const done = await request(`${end.pathname}${end.search}`, { method: 'PUT', headers, body: bytes ?? null });
    if (done.status !== 201) return refuse(done, `the end of the upload of ${digest} to ${to}`);
  }

  /** Sends it with the end of its upload: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put */
  async function putBlob(digest: string, bytes: Uint8Array<ArrayBuffer>, to: string): Promise<void> {
    const existing = await request(`/v2/${to}/blobs/${digest}`, { method: 'HEAD' });
    if (existing.ok) return;
    const started = await request(`/v2/${to}/blobs/uploads/`, { method: 'POST' });
    const location = started.headers.get('location');
    if (started.status !== 202 || !location) return refuse(started, `an upload to ${to}`);
    await finish(digest, to, location, bytes);
  }

  const sent = new Map<string, Promise<void>>();
  /** All referrers have the same empty configuration, and are attached at once. */
  function putBlobOnce(digest: string, bytes: Uint8Array<ArrayBuffer>, to: string): Promise<void> {
    const name = `${to}@${digest}`;
    const sending = sent.get(name) ?? putBlob(digest, bytes, to);
    sent.set(name, sending);
    return sending;
  }

  /** A manifest never changes: what was read once is put on every tag. */
  const known = new Map<string, Manifest>();
  async function manifestOf(repository: string, digest: string): Promise<Manifest> {
    const found = known.get(digest) ?? (await manifest(repository, digest));
    if (!found) throw new UpstreamError(`The registry does not have ${repository}@${digest}.`);
    known.set(digest, found);
    return found;
  }

  async function copy(digest: string, from: string, to: string): Promise<Manifest> {
    const source = await manifestOf(from, digest);
    if (await digestOf(to, digest)) return source;
    const content = manifestSchema.parse(JSON.parse(source.bytes.toString('utf8')));
    for (const child of content.manifests) await copy(child.digest, from, to);
    const blobs = new Set([...(content.config ? [content.config] : []), ...content.layers].map((blob) => blob.digest));
    await mapConcurrently([...blobs], blobsAtOnce, (blob) => copyBlob(blob, from, to));
    await putManifest(to, digest, source);
    return source;
  }

  async function read(repository: string, kind: 'manifests' | 'blobs', digest: string): Promise<Response | undefined> {
    const response = await request(`/v2/${repository}/${kind}/${digest}`, { headers: { accept } });
    if (response.status === 404) return undefined;
    return response.ok ? response : refuse(response, `the ${kind} ${digest} of ${repository}`);
  }

  const source: ImageSource = {
    json: async (repository, kind, digest) => (await read(repository, kind, digest))?.json().catch(() => undefined),
    blob: async (repository, digest) => (await read(repository, 'blobs', digest))?.body ?? new ReadableStream(),
  };

  return {
    /** Whether two images differ only in times. */
    haveSameContent: (one: ImageLocation, other: ImageLocation): Promise<boolean> =>
      haveSameContent(source, one, other),

    /** The registry's host, as image names have it before the repository. */
    host: new URL(proxyEndpoint).host,

    digestOf,

    /** Copies an image by digest from one repository to another. What the target has already is not sent again. */
    async copy(digest: string, from: string, to: string): Promise<void> {
      await copy(digest, from, to);
    },

    /**
     * Adds a referrer to an image of the repository: a manifest that names the image as its subject, so that ECR lists it among the
     * image's referrers. The same content gives the same manifest, and is not sent again.
     * @throws ReferrerRefusedError
     */
    async attach(repository: string, digest: string, referrer: Referrer): Promise<void> {
      const { mediaType, bytes: subject } = await manifestOf(repository, digest);
      const artifact = referrerManifest(referrer, { mediaType, digest, size: subject.length });
      if (await digestOf(repository, artifact.manifest.digest)) return;
      for (const [blob, bytes] of artifact.blobs) await putBlobOnce(blob, bytes, repository);
      const response = await sendManifest(repository, artifact.manifest.digest, artifact.manifest);
      if (response.ok) return;
      if (!refusals.has(response.status))
        return refuse(response, `the referrer ${referrer.name} of ${repository}@${digest}`);
      const text = (await response.text()).slice(0, 300);
      throw new ReferrerRefusedError(
        `The registry does not take ${referrer.name} beside the image: ${response.status} ${text}`,
      );
    },

    /**
     * Puts a tag on an image of the repository, unless the image has it already.
     * @throws TagTakenError if the tag names another image and cannot be moved
     */
    async tag(repository: string, digest: string, tag: string): Promise<void> {
      try {
        await putManifest(repository, tag, await manifestOf(repository, digest));
      } catch (error) {
        if (!(error instanceof TagTakenError) || (await digestOf(repository, tag)) !== digest) throw error;
      }
    },

    /** Every tag of a repository. */
    async tags(repository: string): Promise<string[]> {
      const tags: string[] = [];
      let path: string | undefined = `/v2/${repository}/tags/list?n=1000`;
      while (path) {
        const response: Response = await request(path);
        if (response.status === 404) return tags;
        if (!response.ok) return refuse(response, `the tags of ${repository}`);
        tags.push(...(z.object({ tags: z.array(z.string()).nullable() }).parse(await response.json()).tags ?? []));
        path = /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
      }
      return tags;
    },
  };
}

export type Registry = Awaited<ReturnType<typeof openRegistry>>;
