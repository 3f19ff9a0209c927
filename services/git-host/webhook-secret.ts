import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';

/** The secret with which GitHub signs its events. */
export const openWebhookSecret = once(() => createSecret(variable('WEBHOOK_SECRET')));
