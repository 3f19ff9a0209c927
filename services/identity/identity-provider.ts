import * as oauth from 'oauth4webapi';
import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { type LoginSettings, loginSettingsSchema } from '../../core/visibility/login-settings.ts';
import { createSecret } from '../aws/secrets.ts';
import { jsonVariable, siteUrl, variable } from '../environment.ts';

/** What the browser of somebody who signs in keeps meanwhile. */
export const pendingLoginSchema = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });
export type PendingLogin = z.infer<typeof pendingLoginSchema>;

export interface Identity {
  /** In lower case; undefined if the provider has not checked it. */
  email: string | undefined;
  groups: string[];
}

interface Options {
  settings: LoginSettings;
  /** Undefined for a client that has none. */
  secret: () => Promise<string | undefined>;
  /** Where the provider sends people back to. */
  redirectUri: string;
}

const timeoutMilliseconds = 10_000;
const tokenErrorSchema = z.object({ error: z.string().optional() }).catch({});

/**
 * The OpenID Connect provider, by the authorization code flow with PKCE.
 * https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 */
export function createIdentityProvider({ settings, secret, redirectUri }: Options) {
  const issuer = new URL(settings.issuer);
  const client: oauth.Client = { client_id: settings.clientId };
  // Only one machine has its provider without TLS.
  const insecure = { [oauth.allowInsecureRequests]: issuer.protocol === 'http:' };
  const request = () => ({ ...insecure, signal: AbortSignal.timeout(timeoutMilliseconds) });

  let known: Promise<oauth.AuthorizationServer> | undefined;

  /** What the provider says of itself. */
  function discovered(): Promise<oauth.AuthorizationServer> {
    known ??= oauth
      .discoveryRequest(issuer, request())
      .then((answer) => oauth.processDiscoveryResponse(issuer, answer));
    // One that did not answer may do so the next time.
    known.catch(() => {
      known = undefined;
    });
    return known;
  }

  async function authentication({ token_endpoint_auth_methods_supported: methods }: oauth.AuthorizationServer) {
    const value = await secret();
    if (value === undefined) return oauth.None();
    return methods && !methods.includes('client_secret_basic')
      ? oauth.ClientSecretPost(value)
      : oauth.ClientSecretBasic(value);
  }

  /** Where somebody signs in. */
  async function begin(): Promise<{ url: string; pending: PendingLogin }> {
    const { authorization_endpoint: address } = await asUpstream(discovered());
    if (!address) throw new UpstreamError(`${issuer.host} has no place to sign in.`);
    const pending = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
    };
    const url = new URL(address);
    const parameters = {
      client_id: settings.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: settings.scopes,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return { url: url.href, pending };
  }

  return {
    begin,

    /**
     * Whether the provider takes the client, by a code that it never gave, and whether it would send people back. Nobody signs in.
     * https://www.rfc-editor.org/rfc/rfc6749#section-5.2, #section-4.1.2.1
     */
    async examine(): Promise<{ refusal: string | undefined; sendsBack: boolean }> {
      const server = await asUpstream(discovered());
      const { url, pending } = await begin();
      const answered = new URLSearchParams({ code: 'none', state: pending.state, iss: server.issuer });
      const parameters = oauth.validateAuthResponse(server, client, answered, pending.state);
      const answer = await asUpstream(
        authentication(server).then((method) =>
          oauth.authorizationCodeGrantRequest(
            server,
            client,
            method,
            parameters,
            redirectUri,
            pending.verifier,
            request(),
          ),
        ),
      );
      const { error } = tokenErrorSchema.parse(await answer.json().catch(() => undefined));
      const isRefused = error === 'invalid_client' || error === 'unauthorized_client' || answer.status === 401;
      const page = await asUpstream(fetch(url, { redirect: 'manual', signal: request().signal }));
      await page.body?.cancel();
      const isErrorPage = /[/?&]error\b/.test(page.headers.get('location')?.split(redirectUri)[0] ?? '');
      return {
        refusal: isRefused ? (error ?? String(answer.status)) : undefined,
        sendsBack: page.status < 400 && !isErrorPage,
      };
    },

    /**
     * The person who signed in, from the parameters with which the provider sent the browser back.
     * @throws UpstreamError with what the provider says
     */
    async finish(query: URLSearchParams, { state, nonce, verifier }: PendingLogin): Promise<Identity> {
      return asUpstream(
        (async () => {
          const server = await discovered();
          const parameters = oauth.validateAuthResponse(server, client, query, state);
          const answer = await oauth.authorizationCodeGrantRequest(
            ...([server, client, await authentication(server), parameters, redirectUri, verifier, request()] as const),
          );
          const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
            expectedNonce: nonce,
            requireIdToken: true,
          });
          return identityOf(oauth.getValidatedIdTokenClaims(tokens) ?? {}, settings.groupsClaim);
        })(),
      );
    },
  };
}

export type IdentityProvider = ReturnType<typeof createIdentityProvider>;

export const openIdentityProvider = once(() => {
  const secret = createSecret(variable('LOGIN_CLIENT_SECRET'));
  return createIdentityProvider({
    settings: loginSettingsSchema.parse(jsonVariable('LOGIN')),
    async secret() {
      const value = (await secret.current()).trim();
      return value === '' || value === 'none' ? undefined : value;
    },
    redirectUri: `${siteUrl()}/login/callback`,
  });
});

const claimsSchema = z.object({
  email: z.email().optional().catch(undefined),
  // Cognito and others write it as a text at times.
  email_verified: z
    .union([z.literal(true), z.literal('true')])
    .optional()
    .catch(undefined),
});
const groupsSchema = z.array(z.string()).catch([]);

function identityOf(claims: Record<string, unknown>, groupsClaim: string): Identity {
  const { email, email_verified: isVerified } = claimsSchema.parse(claims);
  return { email: isVerified ? email?.toLowerCase() : undefined, groups: groupsSchema.parse(claims[groupsClaim]) };
}

/** Whatever the provider, or the way to it, has done. */
async function asUpstream<Value>(work: Promise<Value>): Promise<Value> {
  return work.catch((cause: unknown) => {
    throw cause instanceof UpstreamError
      ? cause
      : new UpstreamError(`The sign-in did not work: ${(cause as Error).message}`, { cause });
  });
}
