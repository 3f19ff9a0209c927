import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import { isOpenTo, openToSchema } from '../../core/model/open-to.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import type { createSecret } from '../aws/secrets.ts';
import type { EcrLogin } from './ecr-login.ts';
import type { Registry } from './registry-client.ts';

/**
 * By the registry's host, or a folder of it: `ghcr.io`, `ghcr.io/acme`. A registry of ECR takes no password, but a role. An unknown key is
 * refused: it may be a misspelt `app-ids`.
 */
const credentialsSchema = z.union([
  z.strictObject({ username: z.string(), password: z.string(), 'app-ids': openToSchema }),
  z.strictObject({ role: z.string(), 'app-ids': openToSchema }),
]);
const secretSchema = z.record(z.string(), z.unknown());

interface Options {
  /** Which page describes the secret. */
  page: 'docs/destinations.md' | 'docs/bases.md';
  /** Absent where no role is taken. */
  logInToEcr?: EcrLogin;
}

/** Credentials for registries outside, each for one host or one folder of images there. */
export function createRegistryCredentials(
  secret: Pick<ReturnType<typeof createSecret>, 'latest'>,
  { page, logInToEcr }: Options,
) {
  /**
   * For an image, `ghcr.io/acme/shop`: those of the longest folder that it is in; undefined if there are none.
   * @param appIds of the entries that they are for
   * @returns `withheld` if the operators have kept them to other app-ids
   * @throws PushRefusedError if ECR does not let its role in
   */
  return async (image: string, appIds: Iterable<string>): Promise<Registry['credentials'] | 'withheld'> => {
    const refusal = (what: string) =>
      new InvalidInputError(
        `${what} is not as ${page} says: {"ghcr.io/acme": {"username": "…", "password": "…", "app-ids": ["…"]}}.`,
      );
    const places = secretSchema.safeParse(parseJson(await secret.latest()));
    if (!places.success) throw refusal('The secret with the registry credentials');
    const [found] = Object.entries(places.data)
      .filter(([place]) => image === place || image.startsWith(`${place.replace(/\/$/, '')}/`))
      .toSorted(([one], [other]) => other.length - one.length);
    if (!found) return undefined;
    const [place, credentials] = found;
    // A malformed entry must not keep other images from their credentials.
    const parsed = credentialsSchema.safeParse(credentials);
    if (!parsed.success) throw refusal(`What the secret with the registry credentials has for ${place}`);
    const known = parsed.data;
    if (!isOpenTo(known['app-ids'], appIds)) return 'withheld';
    if (!('role' in known)) return { user: known.username, password: known.password };
    if (!logInToEcr) throw new InvalidInputError(`${image}: no role is taken here, but a user and a password.`);
    return logInToEcr(image, known.role);
  };
}

export type RegistryCredentials = ReturnType<typeof createRegistryCredentials>;
