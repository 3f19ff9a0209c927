import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import { isOpenTo, openToSchema } from '../../core/model/open-to.ts';
import { once } from '../../core/once.ts';
import { opensUrl } from '../../core/sources/source-secret.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';

/**
 * By the host, an owner or a repository there: `git.example.org`, `github.com/acme`, `github.com/acme/live`. An unknown key is refused: it
 * may be a misspelt `app-ids`.
 */
const credentialsSchema = z.strictObject({
  // GitHub, GitLab and Gitea take a token as the password of any user.
  username: z.string().default('x-access-token'),
  password: z.string(),
  'app-ids': openToSchema,
});
const secretSchema = z.record(z.string(), z.unknown());

export interface DeployCredential {
  /** The `Authorization` header of git's own protocol. */
  authorization: string;
  token: string;
}

/** The credentials that push to repositories of manifests. */
export function createDeployCredentials(secret: Pick<ReturnType<typeof createSecret>, 'latest'>) {
  /**
   * The credentials of the longest place that contains the repository; undefined if there are none.
   * @param appId of the entry whose target it is
   * @throws InvalidInputError that says what to do, if the operators have kept them to other app-ids
   */
  return async (url: string, appId: string): Promise<DeployCredential | undefined> => {
    const places = secretSchema.safeParse(parseJson(await secret.latest()));
    if (!places.success) throw refusal('The secret with the deploy credentials');
    const { protocol, pathname } = new URL(url);
    // A host may read these as the name of a repository whose credentials are others.
    if (/%|\/\//.test(pathname)) return undefined;
    const [found] = Object.entries(places.data)
      // No git host that Slipway knows tells names apart by their case.
      .filter(([place]) => opensUrl(`${protocol}//${place.toLowerCase()}`, url.toLowerCase()))
      .toSorted(([one], [other]) => other.length - one.length);
    if (!found) return undefined;
    const [place, credentials] = found;
    // A malformed entry must not keep other repositories from their credentials.
    const parsed = credentialsSchema.safeParse(credentials);
    if (!parsed.success) throw refusal(`What the secret with the deploy credentials has for ${place}`);
    const { username, password, 'app-ids': owners } = parsed.data;
    if (!isOpenTo(owners, [appId])) {
      throw new InvalidInputError(
        `The credentials for ${url} are kept to other app-ids than ${appId}. Add it to their "app-ids" (docs/manifests.md), or take the target out of the index.`,
      );
    }
    const encoded = Buffer.from(`${username}:${password}`).toString('base64');
    return { authorization: `Basic ${encoded}`, token: password };
  };
}

function refusal(what: string): InvalidInputError {
  return new InvalidInputError(
    `${what} is not as docs/manifests.md says: {"github.com/acme": {"password": "TOKEN", "app-ids": ["…"]}}.`,
  );
}

export type DeployCredentials = ReturnType<typeof createDeployCredentials>;

export const openDeployCredentials = once(() =>
  createDeployCredentials(createSecret(variable('DEPLOY_CREDENTIALS_SECRET'))),
);
