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

/** What is read of a registry's answer. */
export interface RegistryAnswer {
  status: number;
  headers: Headers;
  text(): Promise<string>;
  bytes(): Promise<Buffer>;
  /** Gives back the connection of an answer whose body nobody wants. */
  discard(): void;
}

/** How a registry is asked; whoever asks decides on patience, on second tries and on which addresses may be reached. */
export type AskRegistry = (
  url: string,
  request: { method: 'HEAD' | 'GET'; headers: Record<string, string>; maximumBytes?: number },
) => Promise<RegistryAnswer>;

/** Every form in which an image may be kept; with fewer, registries translate, and the digest is of something else. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** The most that a registry need take. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests */
const largestManifest = 4 * 1024 * 1024;
const largestTokenAnswer = 256 * 1024;
const manifestSchema = z.object({ schemaVersion: z.literal(2) });
const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** A registry's own words on where tokens are to be had. https://distribution.github.io/distribution/spec/auth/token/ */
interface TokenPlace {
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

/**
 * Reads which image a tag names, in any registry that speaks the Distribution specification: one HEAD, which Docker Hub does not count
 * as a pull (https://docs.docker.com/docker-hub/usage/pulls/). A token is asked for once for each repository, and where tokens are to be
 * had once for each registry.
 */
export function createImageDigests(ask: AskRegistry) {
  const places = new Map<string, TokenPlace>();
  const tokens = new Map<string, Promise<string>>();

  async function authorizationFor(registry: Registry, repository: string): Promise<string | undefined> {
    const place = places.get(registry.url);
    if (!place) return registry.credentials && basic(registry.credentials);
    const scope = `${registry.url} ${repository}`;
    const token = tokens.get(scope) ?? fetchToken(registry, place, repository);
    tokens.set(scope, token);
    // An attempt that failed must not be what everybody after gets.
    token.catch(() => tokens.delete(scope));
    return `Bearer ${await token}`;
  }

  async function fetchToken(registry: Registry, { realm, service }: TokenPlace, repository: string): Promise<string> {
    const url = new URL(realm);
    if (service !== null) url.searchParams.set('service', service);
    url.searchParams.set('scope', `repository:${repository}:pull`);
    const headers: Record<string, string> =
      registry.credentials && url.origin === registry.url ? { authorization: basic(registry.credentials) } : {};
    const answer = await ask(url.href, { method: 'GET', headers, maximumBytes: largestTokenAnswer });
    // A stranger who gets no token is refused by the registry itself, with the status that says why.
    if (answer.status !== 200) {
      answer.discard();
      return '';
    }
    const { token, access_token } = tokenSchema.safeParse(json(await answer.text())).data ?? {};
    return token ?? access_token ?? '';
  }

  async function manifest(
    method: 'HEAD' | 'GET',
    registry: Registry,
    repository: string,
    version: string,
  ): Promise<RegistryAnswer> {
    const url = `${registry.url}/v2/${repository}/manifests/${version}`;
    for (let attempt = 1; ; attempt += 1) {
      const authorization = await authorizationFor(registry, repository);
      const headers = { accept: manifestTypes, ...(authorization && { authorization }) };
      const answer = await ask(url, { method, headers, maximumBytes: largestManifest });
      if (answer.status !== 401 || attempt === 2) return answer;
      // Artifactory offers Bearer and Basic side by side; Basic was sent already where there are credentials.
      const challenges = readChallenges(answer.headers.get('www-authenticate') ?? '');
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
      if (!bearer) return answer;
      answer.discard();
      places.set(registry.url, tokenPlace(registry, bearer));
      // What was sent was no token yet, or one that is too old by now.
      tokens.delete(`${registry.url} ${repository}`);
    }
  }

  /**
   * The digest of a tag, or of a digest that is there; undefined when the registry has no such image (or shows it to no stranger).
   * Of an image for several platforms it is the digest of the list.
   * @throws RegistryUnavailableError
   */
  return async function digestOf(registry: Registry, repository: string, version: string): Promise<string | undefined> {
    const head = await manifest('HEAD', registry, repository, version);
    head.discard();
    if (isAbsent(head, registry)) return undefined;
    if (head.status !== 405) {
      accept(head);
      const said = imageDigestSchema.safeParse(head.headers.get('docker-content-digest'));
      if (said.success) return said.data;
    }
    // The header is only recommended. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
    const whole = await manifest('GET', registry, repository, version);
    if (isAbsent(whole, registry)) return undefined;
    accept(whole);
    const bytes = await whole.bytes();
    // Many a site answers every path with its start page.
    if (!manifestSchema.safeParse(json(bytes.toString('utf8'))).success) {
      throw new RegistryUnavailableError('it answered with something that is no manifest');
    }
    return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  };
}

function isAbsent({ status }: RegistryAnswer, { credentials }: Registry): boolean {
  // A stranger is not told whether an image is private or does not exist; our own credentials must be good enough.
  return status === 404 || ((status === 401 || status === 403) && !credentials);
}

function accept(answer: RegistryAnswer): void {
  if (answer.status === 200) return;
  answer.discard();
  throw new RegistryUnavailableError(`it answered ${answer.status}`);
}

function tokenPlace(registry: Registry, { parameters }: Challenge): TokenPlace {
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
