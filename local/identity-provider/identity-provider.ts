import {
  createHash,
  generateKeyPairSync,
  type KeyPairKeyObjectResult,
  randomBytes,
  sign,
  timingSafeEqual,
} from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { pagePolicy } from '../page.ts';
import { signInPage } from './sign-in-page.ts';

/** Where it is on the machine. */
export const issuerPath = '/oidc';

const codeMilliseconds = 60_000;
/** Whoever guesses passwords does so slowly. */
const wrongMilliseconds = 1_000;
const mostBody = 10_000;

const authorizationSchema = z.object({
  client_id: z.string(),
  redirect_uri: z.string(),
  response_type: z.literal('code'),
  scope: z.string().regex(/\bopenid\b/),
  state: z.string(),
  nonce: z.string(),
  code_challenge: z.string().regex(/^[\w-]{43}$/),
  code_challenge_method: z.literal('S256'),
});
const answerSchema = z.object({ email: z.email(), groups: z.string().default(''), password: z.string() });
const tokenSchema = z.object({
  grant_type: z.literal('authorization_code'),
  code: z.string(),
  redirect_uri: z.string(),
  client_id: z.string(),
  code_verifier: z.string(),
});

interface Grant {
  request: z.infer<typeof authorizationSchema>;
  email: string;
  groups: string[];
  until: number;
}

interface Options {
  url: string;
  /** Whoever has it may be anybody. */
  password: string;
}

/**
 * An OpenID Connect provider, which takes the word of whoever has the machine's password for who they are. It speaks the authorization code
 * flow with PKCE. https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 */
export function createIdentityProvider({ url, password }: Options) {
  const issuer = `${url}${issuerPath}`;
  const callback = `${url}/login/callback`;
  let keys: KeyPairKeyObjectResult | undefined;
  const kid = randomBytes(8).toString('hex');
  const grants = new Map<string, Grant>();

  const discovery = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'email'],
    claims_supported: ['sub', 'email', 'email_verified', 'groups'],
  };

  /** Made at the first sign-in: its primes take up to a fifth of a second to find, for which each start of the machine would wait. */
  function keyPair(): KeyPairKeyObjectResult {
    keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    return keys;
  }

  /** A request for a sign-in that may be answered; only the machine's own pages are sent people back. */
  function requestOf(parameters: URLSearchParams) {
    const request = authorizationSchema.safeParse(Object.fromEntries(parameters)).data;
    return request?.redirect_uri === callback ? request : undefined;
  }

  async function authorize(parameters: URLSearchParams, form: URLSearchParams | undefined, response: ServerResponse) {
    const request = requestOf(parameters);
    if (!request) return plain(response, 400, 'This is not a sign-in of this machine. Begin at /login.');
    if (!form) return page(response, 200, signInPage({}));
    const answer = answerSchema.safeParse(Object.fromEntries(form));
    if (!answer.success) return page(response, 400, signInPage({ reason: 'Enter a mail address and the password.' }));
    const { email, groups, password: given } = answer.data;
    if (!isSame(given, password)) {
      await delay(wrongMilliseconds);
      const reason = 'That is not the password. The start of the machine printed it, and local.json has it.';
      return page(response, 403, signInPage({ email, groups, reason }));
    }
    const code = randomBytes(24).toString('base64url');
    grants.set(code, {
      request,
      email,
      groups: groups.split(/[\s,]+/).filter(Boolean),
      until: Date.now() + codeMilliseconds,
    });
    const location = new URL(request.redirect_uri);
    location.searchParams.set('code', code);
    location.searchParams.set('state', request.state);
    response.writeHead(303, { location: location.href, 'cache-control': 'no-store' }).end();
  }

  function token(form: URLSearchParams, response: ServerResponse) {
    const asked = tokenSchema.safeParse(Object.fromEntries(form)).data;
    const grant = asked && grants.get(asked.code);
    if (asked) grants.delete(asked.code);
    const isRight =
      grant !== undefined &&
      grant.until > Date.now() &&
      asked?.redirect_uri === grant.request.redirect_uri &&
      asked.client_id === grant.request.client_id &&
      createHash('sha256').update(asked.code_verifier).digest('base64url') === grant.request.code_challenge;
    if (!isRight) return json(response, 400, { error: 'invalid_grant' });
    const now = Math.floor(Date.now() / 1000);
    const { email, groups, request } = grant;
    const claims = {
      iss: issuer,
      aud: request.client_id,
      sub: email,
      email,
      email_verified: true,
      groups,
      nonce: request.nonce,
      iat: now,
      exp: now + 300,
    };
    const answer = { access_token: randomBytes(24).toString('base64url'), token_type: 'Bearer', expires_in: 300 };
    return json(response, 200, { ...answer, id_token: signed(claims) });
  }

  /** https://www.rfc-editor.org/rfc/rfc7515#section-3.1 */
  function signed(claims: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), keyPair().privateKey).toString('base64url')}`;
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const what = `${request.method} ${pathname.slice(issuerPath.length)}`;
    if (what === 'GET /.well-known/openid-configuration') return json(response, 200, discovery);
    if (what === 'GET /jwks') {
      return json(response, 200, {
        keys: [{ ...keyPair().publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }],
      });
    }
    if (what === 'GET /authorize') return authorize(searchParams, undefined, response);
    if (what === 'POST /authorize') return authorize(searchParams, await formOf(request), response);
    if (what === 'POST /token') return token(await formOf(request), response);
    plain(response, 404, 'There is nothing at this address.');
  };
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let body = '';
  for await (const chunk of request) body = (body + String(chunk)).slice(0, mostBody);
  return new URLSearchParams(body);
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [given, wanted].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

function json(response: ServerResponse, status: number, value: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(value));
}

function page(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  const policy = pagePolicy.replace("form-action 'none'", "form-action 'self'");
  response.writeHead(status, { ...headers, 'content-security-policy': policy }).end(text);
}

function plain(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}
