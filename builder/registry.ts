import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { retryAt } from '../core/bases/base-watch.ts';
import { imageDigestSchema } from '../core/model/image-reference.ts';
import {
  createImageDigests,
  type Registry,
  type RegistryAnswer,
  RegistryBusyError,
  RegistryUnavailableError,
  type SendToRegistry,
} from '../services/registry/digest-lookup.ts';

const timeout = 15_000;
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
 * @throws RegistryUnavailableError
 */
export function manifestDigest(
  registry: Registry,
  repository: string,
  version: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return createImageDigests(requestWithRetries(signal))(registry, repository, version);
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
  const request = requestWithRetries(signal);
  const { credentials } = registry;
  const authorization =
    credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
  async function content<Schema extends z.ZodType>(
    path: string,
    { digest, maximumBytes, schema }: { digest: string; maximumBytes: number; schema: Schema },
  ): Promise<z.infer<Schema>> {
    const headers = { accept: manifestTypes, ...(authorization && { authorization }) };
    // ECR redirects to S3 from here; `fetch` sends the credentials only to the registry's own host.
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
    const read = schema.safeParse(parsed(bytes));
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

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function requestWithRetries(signal: AbortSignal): SendToRegistry {
  return async function request(url, { method, headers, maximumBytes }) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(url, {
        method,
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        return new RegistryUnavailableError(reasonOf(error));
      });
      const isTransient = answer instanceof Error || answer.status >= 500 || answer.status === 429;
      if (!isTransient) return readable(answer, maximumBytes);
      const wait = waitBefore(attempt + 1, answer);
      if (attempt === attempts || isFinal(answer) || wait > longestWait) {
        if (answer instanceof Error) throw answer;
        throw refusal(answer);
      }
      await delay(wait, undefined, { signal });
    }
  };
}

/** In milliseconds: the registry's `Retry-After`, else twice as long each time. */
function waitBefore(attempt: number, answer: Response | Error): number {
  const now = new Date();
  const at = answer instanceof Error ? undefined : retryAt(answer.headers.get('retry-after'), now);
  return Math.max(at === undefined ? 0 : Date.parse(at) - now.getTime(), 125 * 2 ** attempt);
}

function refusal(answer: Response): RegistryUnavailableError {
  if (answer.status !== 429)
    return new RegistryUnavailableError(`it answered ${answer.status} ${answer.statusText}`.trim());
  const at = retryAt(answer.headers.get('retry-after'), new Date());
  const until = at === undefined ? '' : ` and takes the next one at ${at}`;
  return new RegistryBusyError(`it received too many requests${until} (429)`, at);
}

function readable(answer: Response, maximumBytes = Number.POSITIVE_INFINITY): RegistryAnswer {
  const { status, headers } = answer;
  const bytes = async () => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of answer.body ?? []) {
      length += chunk.length;
      if (length > maximumBytes) throw new RegistryUnavailableError(`it answered with more than ${maximumBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };
  return {
    status,
    headers,
    text: async () => (await bytes()).toString('utf8'),
    bytes,
    discard: () => void answer.body?.cancel(),
  };
}

/** Retrying cannot help where nothing listens or the name does not exist. */
function isFinal(answer: Response | Error): boolean {
  return answer instanceof Error && /ENOTFOUND|ECONNREFUSED|certificate|timeout/i.test(answer.message);
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer in ${timeout / 1000} s (timeout)`;
  const code = cause?.code;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its address cannot be found (${code})`;
  if (code === 'ECONNREFUSED') return `nobody listens there (${code})`;
  return code ?? (cause?.message || message);
}
