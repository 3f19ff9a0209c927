import { KMSClient } from '@aws-sdk/client-kms';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { createSigningKey } from './signing-key.ts';

/** The key of releases. */
export const openReleaseKey = once(() => createSigningKey(new KMSClient({}), variable('SIGNING_KEY')));
