import { once } from '../../core/once.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';

/** What GitHub signs its events with. */
export const openWebhookSecret = once(() => createSecret(variable('WEBHOOK_SECRET')));
