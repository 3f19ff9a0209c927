import { STSClient } from '@aws-sdk/client-sts';
import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';
import { createEcrLogin } from './ecr-login.ts';
import { createRegistryCredentials } from './registry-credentials.ts';

/** What pushes copies of releases. */
export const openPushCredentials = once(() =>
  createRegistryCredentials(createSecret(variable('REGISTRY_CREDENTIALS_SECRET')), {
    page: 'docs/destinations.md',
    logInToEcr: createEcrLogin(new STSClient({})),
  }),
);
