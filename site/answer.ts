import { createHash } from 'node:crypto';
import type { Html } from '../core/text/html.ts';

/** An answer before the headers that all answers have. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** What may be cached, and for how long. */
export const caching = {
  /** The name changes with the content. */
  forever: 'public, max-age=31536000, immutable',
  /** Requested again each time; answered with 304 when nothing changed. */
  revalidated: 'no-cache',
  /** Has ended, but its last stage may still be written. */
  briefly: 'public, max-age=15',
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
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': cache,
      'access-control-allow-origin': '*',
    },
    body: `${JSON.stringify(content)}\n`,
  };
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
export function commonHeaders(siteUrl: string): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'strict-origin-when-cross-origin',
    ...(siteUrl.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}
