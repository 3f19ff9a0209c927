import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { HostSilentError, HostUnreachableError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { isPublicAddress } from '../../core/sources/public-address.ts';
import { listVariable } from '../environment.ts';

/** A body that is too large for memory. It is sent on a connection of its own, and follows no redirect. */
export interface Upload {
  length: number;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

export interface PublicRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT';
  headers?: Record<string, string>;
  body?: string | Buffer | Upload | undefined;
  signal?: AbortSignal | undefined;
  /** The largest body accepted. @default 16 MiB */
  maximumBytes?: number | undefined;
  /** For the whole request, including redirects and the body's last byte. @default 20 s */
  timeoutMilliseconds?: number | undefined;
}

export interface PublicResponse {
  /** Where the answer came from, after redirects. */
  url: string;
  status: number;
  headers: Headers;
  /** Fails with an UpstreamError if the body is too large or too slow. Callers must read it or discard it. */
  body: AsyncIterable<Buffer>;
  discard(): void;
  bytes(): Promise<Buffer>;
  text(): Promise<string>;
}

export type PublicFetch = (url: string | URL, request?: PublicRequest) => Promise<PublicResponse>;

interface PublicFetchOptions {
  /** `host` or `host:port`: allowed although their addresses are private. */
  privateHosts: readonly string[];
  /** Resolves a name to addresses. @default the system's resolver */
  lookup?: typeof systemLookup;
}

const defaultMaximumBytes = 16 * 1024 * 1024;
const defaultTimeoutMilliseconds = 20_000;
/** An unwanted body of at most this size is read to its end, so that its connection can be used again. */
const cheapBytes = 64 * 1024;
const mostRedirects = 5;
const redirects = [301, 302, 303, 307, 308];

/**
 * Fetches addresses that strangers wrote: in the index, in a Dockerfile, in a package list. Only http and https, and only hosts of the
 * public internet. A name's addresses are checked while the connection is made, so that the checked address is the one connected to, even
 * if the name resolves to another one a moment later.
 * @throws UpstreamError whose message says which host did what
 */
export function createPublicFetch({ privateHosts, lookup = systemLookup }: PublicFetchOptions): PublicFetch {
  const options = { keepAlive: true, maxSockets: 32, maxTotalSockets: 256, scheduling: 'lifo' } as const;
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) };
  // A connection to a private host must not be reused for a request that is not allowed there, so private hosts have their own agents.
  const privateAgents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) };

  async function send(url: URL, request: PublicRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const allowed = isAllowed(url, privateHosts);
    // Node looks up no literal IP address, so `publicLookup` never checks it.
    if (!allowed) refuseLiteral(url);
    const upload = isUpload(request.body) ? request.body : undefined;
    const opened = upload && Readable.from(await upload.open());
    const kept = (allowed ? privateAgents : agents)[url.protocol as keyof typeof agents];
    const once = (agent: typeof kept | false) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const settings: RequestOptions = {
          method: request.method ?? 'GET',
          headers: {
            'user-agent': 'slipway',
            ...request.headers,
            ...(request.body !== undefined && { 'content-length': lengthOf(request.body) }),
          },
          agent,
          lookup: allowed ? (lookup as LookupFunction) : publicLookup(lookup, url.host),
          signal,
        };
        const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, settings, resolve);
        outgoing.on('error', (error: NodeJS.ErrnoException) => {
          const wasClosed = outgoing.reusedSocket && error.code === 'ECONNRESET';
          reject(wasClosed ? new StaleConnectionError() : error);
        });
        if (opened) sendFrom(opened, outgoing);
        else outgoing.end(request.body);
      });
    // An answer may come before the end of an upload, which leaves its connection of no use for others.
    if (opened) return once(false);
    // The host may have closed a kept-alive connection just as it was used again, and with it all the others: then try once on a new one.
    // https://nodejs.org/api/http.html#requestreusedsocket
    return once(kept).catch((error: unknown) => {
      if (error instanceof StaleConnectionError) return once(false);
      throw error;
    });
  }

  return async function publicFetch(address, request = {}) {
    const { timeoutMilliseconds = defaultTimeoutMilliseconds } = request;
    const timeout = AbortSignal.timeout(timeoutMilliseconds);
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    let url = parse(address);
    let current = request;
    /** The error with a message for people; if the caller aborted the request, the caller's reason. */
    const explain = (error: unknown, isAnswering = false): unknown => {
      if (request.signal?.aborted) return request.signal.reason;
      if (timeout.aborted) {
        return new HostSilentError(`${url.host} did not answer within ${timeoutMilliseconds / 1000} s.`);
      }
      if (error instanceof UpstreamError) return error;
      if (isAnswering) return new UpstreamError(`${url.host} broke off its answer.`, { cause: error });
      const { code } = error as NodeJS.ErrnoException;
      return new HostUnreachableError(`${url.host} cannot be reached${code ? ` (${code})` : ''}.`, { cause: error });
    };

    for (let hops = 0; ; hops++) {
      const incoming = await send(url, current, signal).catch((error: unknown) => {
        throw explain(error);
      });
      const { statusCode = 0, headers } = incoming;
      const location = redirects.includes(statusCode) ? headers.location : undefined;
      if (location === undefined) return responseOf(incoming, url, current, explain);
      incoming.destroy();
      if (isUpload(current.body)) throw new UpstreamError(`${url.host} redirects an upload, which is not followed.`);
      if (hops === mostRedirects) throw new UpstreamError(`${url.host} redirects more than ${mostRedirects} times.`);
      const next = parse(location, url);
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        throw new UpstreamError(`${url.host} redirects from https to http, which is not followed.`);
      }
      current = redirected(current, statusCode, url, next);
      url = next;
    }
  };
}

export const openPublicFetch = once(() => createPublicFetch({ privateHosts: listVariable('PRIVATE_HOSTS') }));

/**
 * The IP addresses that an address of a stranger may lead to, for a program that connects by itself: the caller must make it use no others.
 * @throws UpstreamError
 */
export async function addressesOf(
  url: URL,
  { privateHosts, lookup = systemLookup }: PublicFetchOptions,
): Promise<string[]> {
  const allowed = isAllowed(url, privateHosts);
  if (!allowed) refuseLiteral(url);
  const resolve = allowed ? (lookup as LookupFunction) : publicLookup(lookup, url.host);
  return new Promise((fulfil, reject) => {
    resolve(bareHost(url), { all: true }, (error, found) => {
      if (!error) fulfil((found as LookupAddress[]).map(({ address }) => address));
      else if (error instanceof UpstreamError) reject(error);
      else reject(new HostUnreachableError(`${url.host} cannot be reached (${error.code}).`, { cause: error }));
    });
  });
}

class StaleConnectionError extends Error {}

function isUpload(body: PublicRequest['body']): body is Upload {
  return typeof body === 'object' && 'open' in body;
}

function lengthOf(body: NonNullable<PublicRequest['body']>): number {
  return isUpload(body) ? body.length : Buffer.byteLength(body);
}

/** Sends a body as it comes, until the host answers: a host that refuses need not have all of it. */
function sendFrom(body: Readable, outgoing: ClientRequest): void {
  body.on('error', (error) => outgoing.destroy(error));
  outgoing.on('close', () => body.destroy());
  outgoing.on('response', () => {
    if (outgoing.writableEnded) return;
    body.unpipe(outgoing);
    body.destroy();
  });
  body.pipe(outgoing);
}

function parse(address: string | URL, base?: URL): URL {
  const url = URL.parse(String(address), base?.href);
  const shown = JSON.stringify(String(address).slice(0, 200));
  if (!url) throw new UpstreamError(`${shown} is not an address.`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UpstreamError(`${shown} is not fetched: only http and https are.`);
  }
  if (url.username || url.password) throw new UpstreamError(`An address at ${url.host} has a user name in it.`);
  return url;
}

/** The host without its port, and an IPv6 address without its brackets. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

const isAllowed = (url: URL, privateHosts: readonly string[]) =>
  privateHosts.includes(url.hostname) || privateHosts.includes(url.host);

function refuseLiteral(url: URL): void {
  if (isIP(bareHost(url)) !== 0 && !isPublicAddress(bareHost(url))) throw refused(url.host);
}

function refused(host: string): UpstreamError {
  return new UpstreamError(
    `${host} has a private address, which is not fetched. Whoever runs Slipway can allow the host in "privateHosts".`,
  );
}

/** A lookup that returns only public addresses: the socket connects to what it returns. */
function publicLookup(lookup: typeof systemLookup, host: string): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...(options as LookupOptions), all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const addresses = (found as LookupAddress[]).filter(({ address }) => isPublicAddress(address));
      const [first] = addresses;
      if (!first) return callback(refused(host), '', 0);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Credentials go to no other origin: https://fetch.spec.whatwg.org/#http-redirect-fetch */
function redirected(request: PublicRequest, status: number, from: URL, to: URL): PublicRequest {
  const becomesGet = status === 303 || ((status === 301 || status === 302) && request.method === 'POST');
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => {
    if (from.origin !== to.origin && /^(authorization|cookie)$/i.test(name)) return false;
    return !(becomesGet && /^content-/i.test(name));
  });
  const kept = { ...request, headers: Object.fromEntries(headers) };
  return becomesGet ? { ...kept, method: request.method === 'HEAD' ? 'HEAD' : 'GET', body: undefined } : kept;
}

function responseOf(
  incoming: IncomingMessage,
  url: URL,
  { method, maximumBytes = defaultMaximumBytes }: PublicRequest,
  explain: (error: unknown, isAnswering: boolean) => unknown,
): PublicResponse {
  const { statusCode: status = 0, headers } = incoming;
  const discard = () => {
    // A connection can be reused only after its answer is read to the end. For a large answer that is not worth it.
    if (Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= cheapBytes) incoming.resume();
    else incoming.destroy();
  };
  async function* read(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maximumBytes) {
          throw new UpstreamError(`The answer of ${url.host} is larger than ${maximumBytes} bytes.`);
        }
        yield chunk;
      }
    } catch (error) {
      throw explain(error, true);
    }
  }
  const body = read();
  // The reader gets a later error from the iterator; without this handler, an error that nobody reads would end the process.
  incoming.on('error', () => undefined);
  if (method === 'HEAD' || status === 204 || status === 304) incoming.resume();
  const bytes = async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return {
    url: url.href,
    status,
    headers: new Headers(
      Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      ),
    ),
    body,
    discard,
    bytes,
    text: async () => (await bytes()).toString('utf8'),
  };
}
