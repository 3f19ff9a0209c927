import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { HostSilentError, HostUnreachableError, UpstreamError } from '../core/model/errors.ts';
import { imageDigestSchema } from '../core/model/image-reference.ts';
import { parseJson } from '../core/text/parse-json.ts';
import { retryAfter } from '../core/time/retry-after.ts';
import { createPublicFetch, type PublicFetch, type PublicResponse } from '../services/http/public-fetch.ts';
import { manifestTypes as allManifestTypes, createImageDigests } from '../services/registry/digest-lookup.ts';
import {
  createRegistryClient,
  type Registry,
  type RegistryAnswer,
  RegistryBusyError,
  RegistryUnavailableError,
  type SendToRegistry,
} from '../services/registry/registry-client.ts';

const timeoutMilliseconds = 15_000;
const attempts = 3;
/** A build holds its machine while it waits: a registry that wants longer is for a later build. */
const longestWait = 60_000;

/** The most that a registry need take. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests */
const largestManifest = 4 * 2 ** 20;
/** Has every label and every instruction of the Dockerfiles that the image came from. */
const largestConfiguration = 8 * 2 ** 20;
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const platformSchema = z.object({ os: z.string().max(40), architecture: z.string().max(40) });
const listSchema = z.object({ manifests: z.array(z.object({ platform: platformSchema.optional() })) });
const manifestSchema = z.object({ config: z.object({ digest: imageDigestSchema }) });
/** https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
const configurationSchema = z.object({
  config: z
    .object({ Labels: z.record(z.string(), z.string()).nullish(), Env: z.array(z.string()).nullish() })
    .nullish(),
});

export interface ImageConfiguration {
  labels: Record<string, string>;
  /** The search path of its commands; empty where the image sets none. */
  path: string;
}

/**
 * The digest of a tag or an existing digest; undefined when the registry has no such image (or hides it from anonymous clients).
 * Retries where the registry is out of order for a moment.
 * @param privateHosts other hosts than our own registry that may have a private address
 * @throws RegistryUnavailableError
 */
export function manifestDigest(
  registry: Registry,
  repository: string,
  version: string,
  signal: AbortSignal,
  privateHosts: readonly string[] = [],
): Promise<string | undefined> {
  return createImageDigests(requestWithRetries(registry, signal, privateHosts))(registry, repository, version);
}

/**
 * What an image's configuration says, as the registry has it: what the engine says of its own copy may be another image's.
 * @throws RegistryUnavailableError
 */
export async function readConfiguration(
  registry: Registry,
  repository: string,
  digest: string,
  signal: AbortSignal,
): Promise<ImageConfiguration> {
  const request = requestWithRetries(registry, signal);
  const { credentials } = registry;
  const authorization =
    credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
  async function content<Schema extends z.ZodType>(
    path: string,
    { digest, maximumBytes, schema }: { digest: string; maximumBytes: number; schema: Schema },
  ): Promise<z.infer<Schema>> {
    const headers = { accept: manifestTypes, ...(authorization && { authorization }) };
    // ECR redirects to S3 from here; the credentials go only to the registry's own host.
    const answer = await request(`${registry.url}/v2/${repository}/${path}/${digest}`, {
      method: 'GET',
      headers,
      maximumBytes,
    });
    if (answer.status !== 200) {
      answer.discard();
      throw new RegistryUnavailableError(`it answered ${answer.status} to the ${path} ${digest}`);
    }
    const bytes = await answer.bytes();
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest) {
      throw new RegistryUnavailableError(`it answered with something else than ${digest}`);
    }
    const read = schema.safeParse(parseJson(bytes.toString('utf8')));
    if (!read.success) throw new RegistryUnavailableError(`${digest} is not what it should be`);
    return read.data;
  }

  const manifest = await content('manifests', { digest, maximumBytes: largestManifest, schema: manifestSchema });
  const { config } = await content('blobs', {
    digest: manifest.config.digest,
    maximumBytes: largestConfiguration,
    schema: configurationSchema,
  });
  const path = config?.Env?.findLast((each) => each.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  return { labels: config?.Labels ?? {}, path };
}

/**
 * The platforms that an image is for, as `linux/arm64`: those of an index, or that of a single image.
 * @throws RegistryUnavailableError
 */
export async function imagePlatforms(
  { registry, repository, digest }: { registry: Registry; repository: string; digest: string },
  signal: AbortSignal,
  privateHosts: readonly string[],
): Promise<string[]> {
  const request = createRegistryClient(requestWithRetries(registry, signal, privateHosts));
  async function content<Schema extends z.ZodType>(path: string, maximumBytes: number, schema: Schema) {
    const answer = await request({
      method: 'GET',
      registry,
      repository,
      path,
      accept: allManifestTypes,
      maximumBytes,
    });
    if (answer.status !== 200) {
      answer.discard();
      throw new RegistryUnavailableError(`it answered ${answer.status} to ${path}`);
    }
    const read = schema.safeParse(parseJson((await answer.bytes()).toString('utf8')));
    if (!read.success) throw new RegistryUnavailableError(`${path} is not what it should be`);
    return read.data;
  }

  const manifest = await content(`manifests/${digest}`, largestManifest, z.union([listSchema, manifestSchema]));
  const platforms =
    'manifests' in manifest
      ? manifest.manifests.map(({ platform }) => platform)
      : [await content(`blobs/${manifest.config.digest}`, largestConfiguration, platformSchema)];
  return [...new Set(platforms.flatMap((each) => (each ? `${each.os}/${each.architecture}` : [])))];
}

/**
 * Strangers write the names of registries, and a registry names others: for tokens, and in redirects. So all go by the fetch that judges
 * addresses. Ours is the one that we have credentials for; ECR's may have a private address, that of an endpoint in a VPC.
 */
function fetchFor({ host, credentials }: Registry, privateHosts: readonly string[]): PublicFetch {
  return createPublicFetch({ privateHosts: credentials ? [...privateHosts, host] : privateHosts });
}

function requestWithRetries(
  registry: Registry,
  signal: AbortSignal,
  privateHosts: readonly string[] = [],
): SendToRegistry {
  const fetch = fetchFor(registry, privateHosts);
  return async function request(url, { method, headers, maximumBytes }) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(url, {
        method,
        headers,
        signal,
        timeoutMilliseconds,
        maximumBytes,
      }).catch((error: unknown) => {
        if (error instanceof UpstreamError) return error;
        throw error;
      });
      const isTransient = answer instanceof Error || answer.status >= 500 || answer.status === 429;
      if (!isTransient) return readable(answer);
      const wait = waitBefore(attempt + 1, answer);
      if (attempt === attempts || isFinal(answer) || wait > longestWait) {
        if (answer instanceof Error) throw unavailable(answer);
        answer.discard();
        throw refusal(answer);
      }
      if (!(answer instanceof Error)) answer.discard();
      await delay(wait, undefined, { signal });
    }
  };
}

/** In milliseconds: the registry's `Retry-After`, else twice as long each time. */
function waitBefore(attempt: number, answer: PublicResponse | Error): number {
  const now = new Date();
  const at = answer instanceof Error ? undefined : retryAfter(answer.headers.get('retry-after'), now);
  return Math.max(at === undefined ? 0 : Date.parse(at) - now.getTime(), 125 * 2 ** attempt);
}

function refusal(answer: PublicResponse): RegistryUnavailableError {
  if (answer.status !== 429) return new RegistryUnavailableError(`it answered ${answer.status}`);
  const at = retryAfter(answer.headers.get('retry-after'), new Date());
  const until = at === undefined ? '' : ` and takes the next one at ${at}`;
  return new RegistryBusyError(`it received too many requests${until} (429)`, at);
}

function readable(answer: PublicResponse): RegistryAnswer {
  const explained = <Value>(reading: Promise<Value>): Promise<Value> =>
    reading.catch((error: unknown) => {
      throw error instanceof UpstreamError ? unavailable(error) : error;
    });
  return {
    status: answer.status,
    headers: answer.headers,
    body: answer.body,
    text: () => explained(answer.text()),
    bytes: () => explained(answer.bytes()),
    discard: answer.discard,
  };
}

function unavailable(error: UpstreamError): RegistryUnavailableError {
  return new RegistryUnavailableError(error.message.replace(/\.$/, ''), { cause: error });
}

/** Retrying cannot help where the address is refused, nothing listens, the name does not exist, or the certificate is wrong. */
function isFinal(answer: PublicResponse | Error): boolean {
  if (!(answer instanceof Error)) return false;
  return (
    !(answer instanceof HostUnreachableError) ||
    answer instanceof HostSilentError ||
    /ENOTFOUND|ECONNREFUSED|CERT|UNABLE_TO|EPROTO/.test(answer.message)
  );
}
