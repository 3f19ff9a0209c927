import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';

/** By the host, with its port if that is not the scheme's own: a token, or a name and a password. */
const credentialsSchema = z.record(
  z.string(),
  z.union([z.string(), z.object({ username: z.string(), password: z.string() })]),
);

export interface DeployCredential {
  /** The `Authorization` header of git's own protocol. */
  authorization: string;
  token: string;
}

/** The credentials that push to repositories of manifests, one for each host. */
export function createDeployCredentials(secretId: string) {
  const secret = createSecret(secretId);
  return async (url: string): Promise<DeployCredential | undefined> => {
    const parsed = credentialsSchema.safeParse(parse(await secret.current()));
    if (!parsed.success) {
      throw new InvalidInputError(
        'The secret with the deploy credentials is not as docs/manifests.md says: {"github.com": "TOKEN"}.',
      );
    }
    const found = parsed.data[new URL(url).host.toLowerCase()];
    if (found === undefined) return undefined;
    // GitHub, GitLab and Gitea take a token with any name.
    const { username, password } = typeof found === 'string' ? { username: 'x-access-token', password: found } : found;
    const encoded = Buffer.from(`${username}:${password}`).toString('base64');
    return { authorization: `Basic ${encoded}`, token: password };
  };
}

export type DeployCredentials = ReturnType<typeof createDeployCredentials>;

export const openDeployCredentials = once(() => createDeployCredentials(variable('DEPLOY_CREDENTIALS_SECRET')));

/** Undefined if it is not JSON; the text itself must not get into an error. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
