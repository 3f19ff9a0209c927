import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { projectNameSchema } from '../../core/model/project-name.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { appScope, webhookSecret } from '../../core/triggers/webhook.ts';
import { notifySecret } from '../../core/url-notifications/signature.ts';
import type { Context } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readMasterSecret } from './master-secret.ts';
import { appHostOf, scopeOfOrganization, scopeOfRepository, webhooksOf } from './scope.ts';

const description = `Prints the secret of a repository's webhook, to be set up by hand; "slipway webhook add" does it through the API of GitHub.

The secret signs events of this repository only; that of an organisation signs those of all its repositories but the index. You need the
right to read the master secret, from which it is derived: secretsmanager:GetSecretValue.`;

const answerSchema = z.object({ secret: z.string() });

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument('[OWNER/REPO]', 'the repository; by its address if it is on another host than the index')
    .option('--organization <ORG>', 'the secret for the webhook of an organisation')
    .option('--app', 'the secret for the webhook of the GitHub App')
    .option('--notify-url <PROJECT>', 'the secret that signs what the addresses of a project get: app-id/job-id:tag')
    .action(async (repository, { organization, notifyUrl, app = false }) => {
      if ([repository, organization, notifyUrl, app || undefined].filter((each) => each !== undefined).length !== 1) {
        throw new UsageError(
          'Name one repository, such as demo/app, an organisation with --organization, a project with --notify-url, or give --app.',
        );
      }
      const deployment = await context.deployment();
      const webhooks = webhooksOf(deployment);
      const secretOf = (master: string) => {
        if (notifyUrl !== undefined) return notifySecret(master, wholeName(notifyUrl));
        if (app) return webhookSecret(master, appScope(appHostOf(webhooks)));
        const scope =
          organization === undefined
            ? scopeOfRepository(repository ?? '', webhooks)
            : scopeOfOrganization(organization, webhooks);
        return webhookSecret(master, scope);
      };
      const secret = secretOf(await readMasterSecret(deployment));
      context.answer(answerSchema, { value: { secret }, text: `${secret}\n` });
    });
}

/** @throws UsageError */
function wholeName(project: string): string {
  if (projectNameSchema.safeParse(project).success) return project;
  throw new UsageError(`"${oneLine(project, 80)}" is not the whole name of a project: write app-id/job-id:tag.`);
}
