import { type ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import * as z from 'zod';
import { parseJson } from '../../core/text/parse-json.ts';
import type { Upload } from '../http/public-fetch.ts';
import { type Challenge, readChallenges } from './challenges.ts';

/** A registry and the credentials that go to it, and to no other. */
export interface Registry {
  /** `https://registry-1.docker.io`, without a slash at the end. */
  url: string;
  /** The host as image names have it: `docker.io`. */
  host: string;
  /** For HTTP Basic. */
  credentials?: { user: string; password: string } | undefined;
  /** Whether the token server that the registry names gets them too, if it is another host, as Docker does after `docker login`. */
  trustsTokenServer?: boolean;
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

/** The registry does not accept the credentials that are for it, or they may not read the image. */
export class LoginRefusedError extends RegistryUnavailableError {
  override readonly name = 'LoginRefusedError';
}

/** The parts of a registry's answer that are used. */
export interface RegistryAnswer {
  status: number;
  headers: Headers;
  body: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
  bytes(): Promise<Buffer>;
  /** Frees the connection if the body is not needed. */
  discard(): void;
}

type ReadMethod = 'HEAD' | 'GET';

/** Sends a request to a registry. The implementation decides on timeouts, retries and which addresses are allowed. */
export type SendToRegistry<Method extends string = ReadMethod> = (
  url: string,
  request: {
    method: Method | 'GET';
    headers: Record<string, string>;
    maximumBytes?: number;
    body?: Buffer | Upload | undefined;
  },
) => Promise<RegistryAnswer>;

const largestTokenAnswer = 256 * 1024;
/** How long a token is valid whose server does not say it. https://distribution.github.io/distribution/spec/auth/token/ */
const usualTokenSeconds = 60;
const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().positive().optional(),
});

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

/** A request for a path below `/v2/<repository>/`. */
interface RegistryRequest<Method> {
  method: Method;
  registry: Registry;
  repository: string;
  /** `manifests/latest`; or a whole address that the registry named for the rest of an upload. */
  path: string | URL;
  accept?: string;
  contentType?: string;
  maximumBytes: number;
  body?: Buffer | Upload | undefined;
  /** @default pull */
  access?: 'pull' | 'pull,push';
  /** Another repository of the registry that is read. */
  from?: string | undefined;
}

/**
 * Talks to any registry that implements the Distribution specification. It requests a token once per repository as long as it is valid,
 * and learns the token server once per registry.
 */
export function createRegistryClient<Method extends string = ReadMethod>(send: SendToRegistry<Method>) {
  const tokenServers = new Map<string, TokenServer>();
  const tokens = new Map<string, { answer: ReturnType<typeof fetchToken>; until: number }>();

  async function authorizationFor(registry: Registry, scopes: string[]): Promise<string | undefined> {
    const server = tokenServers.get(registry.url);
    if (!server) return registry.credentials && basic(registry.credentials);
    const key = [registry.url, ...scopes].join(' ');
    const known = tokens.get(key);
    const current =
      known && known.until > Date.now()
        ? known
        : { answer: fetchToken(registry, server, scopes), until: Number.POSITIVE_INFINITY };
    tokens.set(key, current);
    try {
      const { token, until } = await current.answer;
      current.until = until;
      return `Bearer ${token}`;
    } catch (error) {
      // Do not keep a failed request: the next caller tries again.
      tokens.delete(key);
      throw error;
    }
  }

  async function fetchToken(registry: Registry, { realm, service }: TokenServer, scopes: string[]) {
    const url = new URL(realm);
    if (service !== null) url.searchParams.set('service', service);
    for (const scope of scopes) url.searchParams.append('scope', scope);
    const isTrusted = registry.trustsTokenServer || url.origin === registry.url;
    const headers: Record<string, string> =
      registry.credentials && isTrusted ? { authorization: basic(registry.credentials) } : {};
    const answer = await send(url.href, { method: 'GET', headers, maximumBytes: largestTokenAnswer });
    // Without a token the registry itself refuses the request, with a status that says why.
    if (answer.status !== 200) {
      answer.discard();
      return { token: '', until: 0 };
    }
    const {
      token,
      access_token,
      expires_in = usualTokenSeconds,
    } = tokenSchema.safeParse(parseJson(await answer.text())).data ?? {};
    // What begins a moment before the token's end must still be accepted.
    return { token: token ?? access_token ?? '', until: Date.now() + (expires_in / 2) * 1000 };
  }

  return async function request(wanted: RegistryRequest<Method>): Promise<RegistryAnswer> {
    const { method, registry, repository, path, accept, contentType, maximumBytes, body } = wanted;
    const { access = 'pull', from } = wanted;
    const url = typeof path === 'string' ? `${registry.url}/v2/${repository}/${path}` : path.href;
    const isOwn = new URL(url).origin === new URL(registry.url).origin;
    const scopes = [`repository:${repository}:${access}`, ...(from === undefined ? [] : [`repository:${from}:pull`])];
    for (let attempt = 1; ; attempt += 1) {
      // The address of an upload may be a storage of the registry, which has its own signature in it.
      const authorization = isOwn ? await authorizationFor(registry, scopes) : undefined;
      const headers = {
        ...(accept !== undefined && { accept }),
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(authorization && { authorization }),
      };
      const answer = await send(url, { method, headers, maximumBytes, body });
      if (answer.status !== 401 || attempt === 2) return answer;
      // Artifactory offers both Bearer and Basic. Basic was sent already if there are credentials. A Bearer may only tell an error.
      const challenges = readChallenges(answer.headers.get('www-authenticate') ?? '');
      const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
      if (!bearer) return answer;
      answer.discard();
      tokenServers.set(registry.url, tokenServerOf(registry, bearer));
      // The request had no token, or one that has expired.
      tokens.delete([registry.url, ...scopes].join(' '));
    }
  };
}

export type RegistryClient<Method extends string = ReadMethod> = ReturnType<typeof createRegistryClient<Method>>;

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
