import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { createSecret } from '../aws/secrets.ts';
import type { EcrLogin } from './ecr-login.ts';
import type { Registry } from './registry-client.ts';

/** By the registry's host, or a folder of it: `ghcr.io`, `ghcr.io/acme`. A registry of ECR takes no password, but a role. */
const credentialsSchema = z.record(
  z.string(),
  z.union([z.object({ username: z.string(), password: z.string() }), z.object({ role: z.string() })]),
);

interface Options {
  /** Which page describes the secret. */
  page: 'docs/destinations.md' | 'docs/bases.md';
  /** Absent where no role is taken. */
  logInToEcr?: EcrLogin;
}

/** Credentials for registries outside, each for one host or one folder of images there. */
export function createRegistryCredentials(
  secret: Pick<ReturnType<typeof createSecret>, 'current'>,
  { page, logInToEcr }: Options,
) {
  /**
   * For an image, `ghcr.io/acme/shop`: those of the longest folder that it is in; undefined if there are none.
   * @throws PushRefusedError if ECR does not let its role in
   */
  return async (image: string): Promise<Registry['credentials']> => {
    const parsed = credentialsSchema.safeParse(parse(await secret.current()));
    if (!parsed.success) {
      throw new InvalidInputError(
        `The secret with the registry credentials is not as ${page} says: {"ghcr.io/acme": {"username": "…", "password": "…"}}.`,
      );
    }
    const [found] = Object.entries(parsed.data)
      .filter(([place]) => image === place || image.startsWith(`${place.replace(/\/$/, '')}/`))
      .toSorted(([one], [other]) => other.length - one.length);
    if (!found) return undefined;
    const [, known] = found;
    if (!('role' in known)) return { user: known.username, password: known.password };
    if (!logInToEcr) throw new InvalidInputError(`${image}: no role is taken here, but a user and a password.`);
    return logInToEcr(image, known.role);
  };
}

export type RegistryCredentials = ReturnType<typeof createRegistryCredentials>;

/** Undefined if it is not JSON; the text itself must not get into an error. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
