import { createHash } from 'node:crypto';
import { type ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { z } from 'zod';
import { imageDigestSchema } from '../../core/model/image-reference.ts';
import { type Challenge, readChallenges } from './challenges.ts';

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
  override readonly name: string = 'RegistryUnavailableError';
}

/** The registry limits the rate of requests. */
export class RegistryBusyError extends RegistryUnavailableError {
  override readonly name = 'RegistryBusyError';
  /** When it allows the next request, if it says so. */
  readonly until: string | undefined;

  constructor(message: string, until?: string) {
    super(message);
    this.until = until;
  }
}

/** The parts of a registry's answer that are used. */
export interface RegistryAnswer {
  status: number;
  headers: Headers;
  text(): Promise<string>;
  bytes(): Promise<Buffer>;
  /** Frees the connection if the body is not needed. */
  discard(): void;
}

/** Sends a request to a registry. The implementation decides on timeouts, retries and which addresses are allowed. */
export type SendToRegistry = (
  url: string,
  request: { method: 'HEAD' | 'GET'; headers: Record<string, string>; maximumBytes?: number },
) => Promise<RegistryAnswer>;

/** Every manifest format of an image. With fewer, registries convert the manifest, and the digest is that of another one. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** Registries need not accept larger ones. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests */
const largestManifest = 4 * 1024 * 1024;
const largestTokenAnswer = 256 * 1024;
const manifestSchema = z.object({ schemaVersion: z.literal(2) });
const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** The token server that a registry names. https://distribution.github.io/distribution/spec/auth/token/ */
interface TokenServer {
  realm: URL;
  service: string | null;
}

/** ECR's registry of this account, with a token of the caller's own role. */
export async function ownRegistry(client: ECRClient, signal?: AbortSignal): Promise<Registry> {
  const answer = await client.send(new GetAuthorizationTokenCommand({}), signal && { abortSignal: signal });
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

/** What is read of a registry: a path below `/v2/<repository>/`. */
interface RegistryRequest {
  method: 'HEAD' | 'GET';
  registry: Registry;
  repository: string;
  /** `manifests/latest` */
  path: string;
  accept: string;
  maximumBytes: number;
}

/**
 * Reads from any registry that implements the Distribution specification. It requests a token once per repository, and learns the token
 * server once per registry.
 */
export function createRegistryReader(send: SendToRegistry) {
  const tokenServers = new Map<string, TokenServer>();
  const tokens = new Map<string, Promise<string>>();

  async function authorizationFor(registry: Registry, repository: string): Promise<string | undefined> {
    const server = tokenServers.get(registry.url);
    if (!server) return registry.credentials && basic(registry.credentials);
    const scope = `${registry.url} ${repository}`;
    const token = tokens.get(scope) ?? fetchToken(registry, server, repository);
    tokens.set(scope, token);
    // Do not keep a failed request: the next caller tries again.
    token.catch(() => tokens.delete(scope));
    return `Bearer ${await token}`;
  }

  async function fetchToken(registry: Registry, { realm, service }: TokenServer, repository: string): Promise<string> {
    const url = new URL(realm);
    if (service !== null) url.searchParams.set('service', service);
    url.searchParams.set('scope', `repository:${repository}:pull`);
    const headers: Record<string, string> =
      registry.credentials && url.origin === registry.url ? { authorization: basic(registry.credentials) } : {};
    const answer = await send(url.href, { method: 'GET', headers, maximumBytes: largestTokenAnswer });
    // Without a token the registry itself refuses the request, with a status that says why.
    if (answer.status !== 200) {
      answer.discard();
      return '';
    }
    const { token, access_token } = tokenSchema.safeParse(json(await answer.text())).data ?? {};
    return token ?? access_token ?? '';
  }

  return async function read(request: RegistryRequest): Promise<RegistryAnswer> {
    const { method, registry, repository, path, accept, maximumBytes } = request;
    const url = `${registry.url}/v2/${repository}/${path}`;
    for (let attempt = 1; ; attempt += 1) {
      const authorization = await authorizationFor(registry, repository);
      const headers = { accept, ...(authorization && { authorization }) };
      const answer = await send(url, { method, headers, maximumBytes });
      if (answer.status !== 401 || attempt === 2) return answer;
      // Artifactory offers both Bearer and Basic. Basic was sent already if there are credentials.
      const challenges = readChallenges(answer.headers.get('www-authenticate') ?? '');
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
      if (!bearer) return answer;
      answer.discard();
      tokenServers.set(registry.url, tokenServerOf(registry, bearer));
      // The request had no token, or one that has expired.
      tokens.delete(`${registry.url} ${repository}`);
    }
  };
}

export type RegistryReader = ReturnType<typeof createRegistryReader>;

/**
 * Reads which image a tag names: one HEAD, which Docker Hub does not count as a pull
 * (https://docs.docker.com/docker-hub/usage/pulls/).
 */
export function createImageDigests(send: SendToRegistry) {
  const read = createRegistryReader(send);
  const manifest = (method: 'HEAD' | 'GET', registry: Registry, repository: string, version: string) =>
    read({
      ...{ method, registry, repository, path: `manifests/${version}` },
      ...{ accept: manifestTypes, maximumBytes: largestManifest },
    });

  /**
   * The digest that a tag names, or the digest itself if it exists; undefined if the registry has no such image, or it is not public.
   * For an image for several platforms it is the digest of the index.
   * @throws RegistryUnavailableError
   */
  return async function digestOf(registry: Registry, repository: string, version: string): Promise<string | undefined> {
    const head = await manifest('HEAD', registry, repository, version);
    head.discard();
    if (isAbsent(head, registry)) return undefined;
    if (head.status !== 405) {
      accept(head);
      const stated = imageDigestSchema.safeParse(head.headers.get('docker-content-digest'));
      if (stated.success) return stated.data;
    }
    // The header is only recommended. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
    const whole = await manifest('GET', registry, repository, version);
    if (isAbsent(whole, registry)) return undefined;
    accept(whole);
    const bytes = await whole.bytes();
    // Some sites answer every path with their start page.
    if (!manifestSchema.safeParse(json(bytes.toString('utf8'))).success) {
      throw new RegistryUnavailableError('it answered with something that is not a manifest');
    }
    return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  };
}

function isAbsent({ status }: RegistryAnswer, { credentials }: Registry): boolean {
  // Without credentials a registry does not say whether an image is private or missing. Our own credentials must be accepted.
  return status === 404 || ((status === 401 || status === 403) && !credentials);
}

function accept(answer: RegistryAnswer): void {
  if (answer.status === 200) return;
  answer.discard();
  throw new RegistryUnavailableError(`it answered ${answer.status}`);
}

function tokenServerOf(registry: Registry, { parameters }: Challenge): TokenServer {
  const realm = parameters.get('realm') ?? '';
  const url = URL.parse(realm);
  if (!url || !(url.protocol === 'https:' || url.origin === registry.url) || url.username || url.password) {
    throw new RegistryUnavailableError(
      `it names ${JSON.stringify(realm.slice(0, 200))} for tokens, which is not a safe address`,
    );
  }
  return { realm: url, service: parameters.get('service') ?? null };
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
