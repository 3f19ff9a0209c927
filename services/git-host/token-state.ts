import * as z from 'zod';
import type { GitHost, GitHostKind } from '../../core/model/git-host.ts';
import { bearer } from './host-requests.ts';

const timeoutMilliseconds = 20_000;

/**
 * What a host says about a token. GitHub does not tell the permissions of a fine-grained one, and Forgejo and Gitea tell nothing at all.
 */
export type TokenState =
  | { isTaken: false; answer: string }
  | { isTaken: true; scopes?: string[] | undefined; expiresAt?: string | undefined };

/** What every good token may ask for. */
const probes: Record<GitHostKind, string> = {
  // https://docs.github.com/en/rest/rate-limit/rate-limit
  github: '/rate_limit',
  // https://docs.gitlab.com/api/personal_access_tokens/#get-details-on-a-personal-access-token
  gitlab: '/personal_access_tokens/self',
  forgejo: '/user',
};

const bodySchema = z
  .object({ scopes: z.array(z.string()).optional(), expires_at: z.string().nullish(), message: z.string().optional() })
  .catch({});

/** @throws what `fetch` throws where the host does not answer */
export async function readTokenState({ kind, apiUrl }: GitHost, token: string): Promise<TokenState> {
  const response = await ask(`${apiUrl}${probes[kind]}`, token);
  const { scopes, expires_at, message } = bodySchema.parse(await response.json().catch(() => undefined));
  if (!response.ok) return { isTaken: false, answer: `${response.status} ${message ?? ''}`.trim() };
  // https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps; a fine-grained token has no such header.
  const ofClassic = response.headers.get('x-oauth-scopes')?.split(/, */);
  const until = response.headers.get('github-authentication-token-expiration') ?? expires_at;
  const time = until ? new Date(until.replace(' UTC', 'Z').replace(' ', 'T')) : undefined;
  const expiresAt = time && !Number.isNaN(time.getTime()) ? time.toISOString() : undefined;
  return { isTaken: true, scopes: ofClassic ?? scopes, expiresAt };
}

/** Whether the token sees a repository. */
export async function seesRepository({ kind, apiUrl }: GitHost, token: string, path: string): Promise<boolean> {
  const address = kind === 'gitlab' ? `/projects/${encodeURIComponent(path)}` : `/repos/${path}`;
  return (await ask(`${apiUrl}${address}`, token)).ok;
}

function ask(url: string, token: string): Promise<Response> {
  return fetch(url, { headers: bearer(token), signal: AbortSignal.timeout(timeoutMilliseconds) });
}
