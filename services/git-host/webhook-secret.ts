import { once } from '../../core/once.ts';
import { rotationOverlapDays } from '../../core/triggers/webhook.ts';
import { createRotatedSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';

/** The master secret, from which the secret of each webhook is derived. */
export const openWebhookMaster = once(() =>
  createRotatedSecret(variable('WEBHOOK_SECRET'), rotationOverlapDays * 24 * 3_600_000),
);
