import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { GitHost } from '../../core/model/git-host.ts';
import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';
import { gitHosts } from './configured-hosts.ts';
import { createGitHosts, type HostTokens } from './hosts.ts';

/** By the host, with its port if that is not the scheme's own. */
const tokensSchema = z.record(z.string(), z.string());

/** The tokens of the git hosts, which one secret has. */
export function createHostTokens(secretId: string, hosts: readonly GitHost[]): HostTokens {
  const secret = createSecret(secretId);
  return async (host) => tokenOf(await secret.current(), host, hosts);
}

/**
 * The token of a host in the secret: `none`, the token of the first host, or JSON with one for each.
 * @throws InvalidInputError
 */
export function tokenOf(secret: string, host: GitHost, [first]: readonly GitHost[]): string | undefined {
  const value = secret.trim();
  if (value === '' || value === 'none') return undefined;
  if (!value.startsWith('{')) return host.url === first?.url ? value : undefined;
  const parsed = tokensSchema.safeParse(parse(value));
  if (parsed.success) return parsed.data[new URL(host.url).host];
  throw new InvalidInputError(
    'The secret with the tokens of the git hosts is not as docs/git-hosts.md says: {"codeberg.org": "TOKEN"}.',
  );
}

const openHostTokens = once(() => createHostTokens(variable('GIT_HOST_TOKENS_SECRET'), gitHosts()));

export const openGitHosts = once(() => createGitHosts(gitHosts(), openHostTokens()));

/** The `Authorization` header for the index, which the first host has. */
export const openIndexAuthorization = once(() => {
  const [host] = gitHosts();
  const tokens = openHostTokens();
  return async () => gitAuthorization(host && (await tokens(host)));
});

/**
 * The token in the form that git's own protocol over HTTP needs. GitHub, GitLab and Forgejo take it with any name.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation
 */
function gitAuthorization(token: string | undefined): string | undefined {
  return token && `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

/** Undefined if it is not JSON; the text itself must not get into an error. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
