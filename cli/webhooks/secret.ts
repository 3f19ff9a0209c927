import type { Command } from '@commander-js/extra-typings';
import { z } from 'zod';
import { webhookSecret } from '../../core/triggers/webhook.ts';
import type { Context } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readMasterSecret } from './master-secret.ts';
import { scopeOfOrganization, scopeOfRepository, webhooksOf } from './scope.ts';

const description = `Prints the secret of a repository's webhook, to be set up by hand; "slipway webhook add" does it through the API of GitHub.

The secret signs events of this repository only; that of an organisation signs those of all its repositories but the index. You need the
right to read the master secret, from which it is derived: secretsmanager:GetSecretValue.`;

const answerSchema = z.object({ secret: z.string() });

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument('[OWNER/REPO]', 'the repository; by its address if it is on another host than the index')
    .option('--organization <ORG>', 'the secret for the webhook of an organisation')
    .action(async (repository, { organization }) => {
      if ((organization === undefined) === (repository === undefined)) {
        throw new UsageError('Name one repository, such as demo/app, or an organisation with --organization.');
      }
      const deployment = await context.deployment();
      const webhooks = webhooksOf(deployment);
      const scope =
        organization === undefined
          ? scopeOfRepository(repository ?? '', webhooks)
          : scopeOfOrganization(organization, webhooks);
      const secret = webhookSecret(await readMasterSecret(deployment), scope);
      context.answer(answerSchema, { value: { secret }, text: `${secret}\n` });
    });
}
