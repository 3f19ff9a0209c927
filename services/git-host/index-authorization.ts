import { once } from '../../core/once.ts';
import { findRepository } from '../../core/sources/source.ts';
import { gitHosts } from './configured-hosts.ts';
import { openHostTokens } from './host-tokens.ts';
import { indexUrl } from './index-address.ts';

/** The `Authorization` header for the index, which the first host has. */
export const openIndexAuthorization = once(() => {
  const { tokenOf } = openHostTokens();
  const index = findRepository(gitHosts(), indexUrl());
  return async () => gitAuthorization(index && (await tokenOf(index, 'source')));
});

/**
 * The token in the form that git's own protocol over HTTP needs. GitHub, GitLab and Forgejo take it with any name.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation
 */
function gitAuthorization(token: string | undefined): string | undefined {
  return token && `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}
