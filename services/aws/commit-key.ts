import { KMSClient } from '@aws-sdk/client-kms';
import { once } from '../../core/once.ts';
import { optionalVariable } from '../environment.ts';
import { createSigningKey } from './signing-key.ts';

/** The key of commits to manifests; undefined where they are not signed. */
export const openCommitKey = once(() => {
  const key = optionalVariable('COMMIT_SIGNING_KEY');
  return key === undefined ? undefined : createSigningKey(new KMSClient({}), key);
});
