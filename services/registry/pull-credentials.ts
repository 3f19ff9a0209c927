import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';
import { createRegistryCredentials } from './registry-credentials.ts';

/** What pulls base images. */
export const openPullCredentials = once(() =>
  createRegistryCredentials(createSecret(variable('PULL_CREDENTIALS_SECRET')), { page: 'docs/bases.md' }),
);
