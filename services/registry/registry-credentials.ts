import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';
import type { Registry } from './registry-client.ts';

/** By the registry's host, or a folder of it: `ghcr.io`, `ghcr.io/acme`. */
const credentialsSchema = z.record(z.string(), z.object({ username: z.string(), password: z.string() }));

/** Credentials for registries outside, each for one host or one folder of images there. `page` describes the secret. */
export function createRegistryCredentials(
  secret: Pick<ReturnType<typeof createSecret>, 'current'>,
  page: 'docs/destinations.md' | 'docs/bases.md' = 'docs/destinations.md',
) {
  /** For an image, `ghcr.io/acme/shop`: those of the longest folder that it is in; undefined if there are none. */
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
    return found && { user: found[1].username, password: found[1].password };
  };
}

export type RegistryCredentials = ReturnType<typeof createRegistryCredentials>;

/** What pushes copies of releases. */
export const openRegistryCredentials = once(() =>
  createRegistryCredentials(createSecret(variable('REGISTRY_CREDENTIALS_SECRET'))),
);

/** What pulls base images. */
export const openPullCredentials = once(() =>
  createRegistryCredentials(createSecret(variable('PULL_CREDENTIALS_SECRET')), 'docs/bases.md'),
);

/** Undefined if it is not JSON; the text itself must not get into an error. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
