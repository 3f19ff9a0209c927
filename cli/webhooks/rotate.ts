import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { rotationOverlapDays } from '../../core/triggers/webhook.ts';
import type { Context } from '../command.ts';
import { replaceMasterSecret } from './master-secret.ts';

const description = `Replaces the master secret, from which the secret of each webhook is derived.

The previous secrets count for ${rotationOverlapDays} more days: until then call "slipway webhook add" again for the index, and for each source or
organisation. If the master secret has leaked, call this twice, so that the leaked one counts no more after five minutes, and
"slipway webhook add" at once.`;

const answerSchema = z.object({ oldSecretsCountUntil: z.iso.date() });

export function define(command: Command, context: Context): void {
  command.description(description).action(async () => {
    const deployment = await context.deployment();
    await replaceMasterSecret(deployment);
    const until = new Date(Date.now() + rotationOverlapDays * 24 * 3_600_000).toISOString().slice(0, 10);
    const text =
      `The webhooks have new secrets, and the previous ones count until ${until}. Until then, call "slipway webhook add"\n` +
      `for ${deployment.outputs.IndexRepository}, and for each source or organisation that has a webhook.\n`;
    context.answer(answerSchema, { value: { oldSecretsCountUntil: until }, text });
  });
}
