import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';

export type GithubToken = () => Promise<string | undefined>;

/** The GitHub token, or undefined while the operator has not put one into its secret: public repositories work without. */
export function createGithubToken(secretId: string): GithubToken {
  const secret = createSecret(secretId);
  return async () => {
    const value = (await secret.current()).trim();
    return value === '' || value === 'none' ? undefined : value;
  };
}

export const openGithubToken = once(() => createGithubToken(variable('GITHUB_TOKEN_SECRET')));

/**
 * The `Authorization` header with the token, in the form that git's own protocol over HTTP needs.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation
 */
export async function gitAuthorization(token: GithubToken): Promise<string | undefined> {
  const value = await token();
  return value && `Basic ${Buffer.from(`x-access-token:${value}`).toString('base64')}`;
}
