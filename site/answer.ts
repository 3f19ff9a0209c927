import { createHash } from 'node:crypto';
import { problemOf } from '../core/api/problem.ts';
import type { Html } from '../core/text/html.ts';
import type { RequestError } from './request-error.ts';

/** An answer before the headers that all answers have. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
  /** Of a list, the cursor of its next page. */
  next?: string | null;
}

/** What may be cached, and for how long. */
export const caching = {
  /** The name changes with the content. */
  forever: 'public, max-age=31536000, immutable',
  /** Requested again each time; answered with 304 when nothing changed. */
  revalidated: 'no-cache',
  /** Has ended, but its last stage may still be written. */
  briefly: 'public, max-age=15',
  /** What GitHub's proxy for pictures keeps, so that a README with many readers costs one request a minute. */
  minute: 'public, max-age=60',
  /** Changes while people look at it. */
  shortly: 'public, max-age=2',
  never: 'no-store',
} as const;

type Caching = (typeof caching)[keyof typeof caching];

export function page(content: Html, cache: Caching = caching.shortly, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': cache },
    body: content.toString(),
  };
}

export function json(content: unknown, cache: Caching = caching.shortly, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': cache },
    body: `${JSON.stringify(content)}\n`,
  };
}

/** One page of a list, whose cursor goes into the header `Link` too. */
export function jsonList(content: { items: readonly unknown[]; cursor: string | null }, cache?: Caching): Answer {
  return { ...json(content, cache), next: content.cursor };
}

/** An error in the API: https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(path: string, siteUrl: string, { status, code, message, headers }: RequestError): Answer {
  const detail = problemOf(siteUrl, { status, code, detail: message, path });
  const own = { ...headers, 'content-type': 'application/problem+json', 'cache-control': caching.never };
  return { status, headers: own, body: `${JSON.stringify(detail)}\n` };
}

export function redirect(location: string): Answer {
  return { status: 308, headers: { location, 'cache-control': caching.briefly }, body: '' };
}

/** An answer that is not sent again to a client that has it. */
export function tagged(answer: Answer, ifNoneMatch: string | undefined): Answer {
  const etag = `"${createHash('sha256').update(answer.body).digest('base64url').slice(0, 22)}"`;
  const headers = { ...answer.headers, etag };
  const known = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known?.some((tag) => tag === etag || tag === '*')
    ? { status: 304, headers, body: '' }
    : { ...answer, headers };
}

/** What programs on other sites may read. */
const isOpen = (path: string): boolean => /^\/(?:api|badges)\/|\.atom$/.test(path);

const openHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'content-range, etag, link, x-log-next, x-log-total',
};

/** The answer to a browser that asks whether a program on another site may read. */
export function preflight(path: string): Answer | undefined {
  if (!isOpen(path)) return undefined;
  const headers = {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'if-none-match, range',
    'access-control-max-age': '86400',
  };
  return { status: 204, headers, body: '' };
}

/** No script, style, frame or address but the site's own. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of every answer. Strict transport security is promised only where the site is reached by https. */
export function commonHeaders(path: string, siteUrl: string): Record<string, string> {
  return {
    ...(isOpen(path) ? openHeaders : {}),
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'strict-origin-when-cross-origin',
    ...(siteUrl.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}
