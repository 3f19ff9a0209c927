import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';

/** A registry and the credentials that go to it, and to no other. */
export interface Registry {
  /** `https://registry-1.docker.io`, without a slash at the end. */
  url: string;
  /** The host as image names have it: `docker.io`. */
  host: string;
  /** For HTTP Basic. */
  credentials?: { user: string; password: string };
}

/** The registry gave no answer that says whether the image is there. */
export class RegistryUnavailableError extends Error {
  override readonly name = 'RegistryUnavailableError';
}

const patience = 15_000;
const attempts = 3;
/** Every form in which an image may be kept; with fewer, registries translate, and the digest is of something else. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** This pipeline's own registry, with a token of the role that the builder runs under. */
export async function ownRegistry(signal: AbortSignal): Promise<Registry> {
  const answer = await new ECRClient({}).send(new GetAuthorizationTokenCommand({}), { abortSignal: signal });
  const { authorizationToken = '', proxyEndpoint = '' } = answer.authorizationData?.[0] ?? {};
  const [user = '', ...password] = Buffer.from(authorizationToken, 'base64').toString().split(':');
  const url = new URL(proxyEndpoint);
  return { url: url.origin, host: url.host, credentials: { user, password: password.join(':') } };
}

/** The registry of a host, as Docker finds it: plain HTTP for this machine only. */
export function outsideRegistry(host: string): Registry {
  if (host === 'docker.io') return { host, url: 'https://registry-1.docker.io' };
  const name = host.replace(/:\d+$/, '');
  const isThisMachine = name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
  return { host, url: `${isThisMachine ? 'http' : 'https'}://${host}` };
}

/**
 * The digest of a tag, or of a digest that is there; undefined when the registry has no such image (or shows it to no stranger).
 * @throws RegistryUnavailableError
 */
export async function manifestDigest(
  registry: Registry,
  repository: string,
  version: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const url = `${registry.url}/v2/${repository}/manifests/${version}`;
  const headers: Record<string, string> = { accept: manifestTypes };
  if (registry.credentials) headers.authorization = basic(registry.credentials);
  let answer = await ask(url, { method: 'HEAD', headers }, signal);
  const challenge = answer.headers.get('www-authenticate');
  if (answer.status === 401 && challenge?.toLowerCase().startsWith('bearer')) {
    headers.authorization = `Bearer ${await token(registry, challenge, repository, signal)}`;
    answer = await ask(url, { method: 'HEAD', headers }, signal);
  }
  if (answer.status === 404) return undefined;
  // A stranger is not told whether an image is private or does not exist; our own credentials must be good enough.
  if ((answer.status === 401 || answer.status === 403) && !registry.credentials) return undefined;
  if (!answer.ok) throw new RegistryUnavailableError(`it answered ${answer.status} ${answer.statusText}`.trim());
  const digest = answer.headers.get('docker-content-digest');
  if (digest) return digest;
  const whole = await ask(url, { headers }, signal);
  if (!whole.ok) throw new RegistryUnavailableError(`it answered ${whole.status} ${whole.statusText}`.trim());
  return `sha256:${createHash('sha256')
    .update(Buffer.from(await whole.arrayBuffer()))
    .digest('hex')}`;
}

/** https://distribution.github.io/distribution/spec/auth/token/ */
async function token(registry: Registry, challenge: string, repository: string, signal: AbortSignal): Promise<string> {
  const parameters = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
  const realm = parameters.get('realm') ?? '';
  const isSecure = URL.canParse(realm) && new URL(realm).protocol === 'https:';
  if (!URL.canParse(realm) || !(isSecure || new URL(realm).origin === registry.url)) {
    throw new RegistryUnavailableError(`it names ${JSON.stringify(realm)} for tokens, which is not a safe address`);
  }
  const url = new URL(realm);
  const service = parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${repository}:pull`);
  const headers: Record<string, string> =
    registry.credentials && url.origin === registry.url ? { authorization: basic(registry.credentials) } : {};
  const answer = await ask(url.href, { headers }, signal);
  if (!answer.ok) return '';
  const body = (await answer.json()) as { token?: unknown; access_token?: unknown };
  return String(body.token ?? body.access_token ?? '');
}

async function ask(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(url, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      return new RegistryUnavailableError(reasonOf(error));
    });
    const isTransient = answer instanceof Error || answer.status >= 500 || answer.status === 429;
    if (!isTransient) return answer;
    if (attempt === attempts || isFinal(answer)) {
      if (answer instanceof Error) throw answer;
      throw new RegistryUnavailableError(
        answer.status === 429
          ? 'it says that it was asked too often'
          : `it answered ${answer.status} ${answer.statusText}`.trim(),
      );
    }
    await delay(250 * 2 ** attempt, undefined, { signal });
  }
}

/** Asking again cannot help where nobody listens or the name does not exist. */
function isFinal(answer: Response | Error): boolean {
  return answer instanceof Error && /ENOTFOUND|ECONNREFUSED|certificate|timeout/i.test(answer.message);
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer in ${patience / 1000} s (timeout)`;
  const code = cause?.code;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its address cannot be found (${code})`;
  if (code === 'ECONNREFUSED') return `nobody listens there (${code})`;
  return code ?? (cause?.message || message);
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
