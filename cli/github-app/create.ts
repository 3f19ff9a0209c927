import { randomBytes } from 'node:crypto';
import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { appEvents, permissionsFor } from '../../core/git-host/app-installation.ts';
import { appScope, webhookSecret } from '../../core/triggers/webhook.ts';
import { convertManifest, setHookSecret } from '../../services/git-host/github/app-setup.ts';
import { openInBrowser } from '../browser.ts';
import type { Context } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readMasterSecret } from '../webhooks/master-secret.ts';
import { appHostOf, webhooksOf } from '../webhooks/scope.ts';
import { readHostTokens, storeHostTokens, withApp } from './host-tokens.ts';
import { askForApp } from './manifest-page.ts';

const description = `Makes a GitHub App for this deployment, and stores its key in Secrets Manager.

It opens a page that leads to GitHub, where you confirm what the app may do. You need secretsmanager:GetSecretValue on the webhooks' secret
and on that with the tokens of the git hosts, and PutSecretValue on the latter. The previous token stays, for repositories that the app is
not installed on. The last line says where to install it.`;

const answerSchema = z.object({ id: z.int(), name: z.string(), url: z.url(), installAt: z.url() });

/** GitHub allows no longer name. https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/registering-a-github-app */
const longestName = 34;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .option('--organization <ORG>', 'the organisation that owns the app (default: you)')
    .option('--host <URL>', 'the GitHub that it is made at (default: the first of gitHosts)')
    .option('--name <NAME>', 'its name, which no other app at GitHub may have')
    .option('--public', 'let it be installed on accounts other than that which owns it')
    .action(async ({ organization, host: wanted, name = nameFor(), public: isPublic = false }) => {
      if (name.length > longestName) throw new UsageError(`The name of an app has at most ${longestName} characters.`);
      if (organization !== undefined && !/^[A-Za-z0-9][\w.-]{0,99}$/.test(organization))
        throw new UsageError('--organization is the name of an organisation, such as acme.');
      const deployment = await context.deployment();
      const { url: webhooksUrl, gitHosts } = webhooksOf(deployment);
      const host = appHostOf({ gitHosts }, wanted);
      const hookSecret = webhookSecret(await readMasterSecret(deployment), appScope(host));
      // What cannot be stored must not be made: the key is shown only once.
      const before = await readHostTokens(deployment);
      await storeHostTokens(deployment, before);
      const { default_permissions, default_events } = appNeeds;
      const page = await askForApp({
        action: `${host.url}${organization === undefined ? '' : `/organizations/${organization}`}/settings/apps/new`,
        manifest: {
          name,
          url: deployment.siteUrl,
          public: isPublic,
          default_permissions,
          default_events,
          description: 'Builds, scans and releases container images.',
          hook_attributes: { url: `${webhooksUrl}/github`, active: true },
        },
      });
      context.terminal.err(`Open this page, and confirm at GitHub:\n${page.url}\n`);
      if (!context.isJson() && Number.isFinite(context.terminal.width)) openInBrowser(page.url);
      const app = await convertManifest({ apiUrl: host.apiUrl, code: await page.code });
      await storeHostTokens(deployment, withApp(await readHostTokens(deployment), { host, gitHosts, app }));
      await setHookSecret({ apiUrl: host.apiUrl, app, secret: hookSecret });
      const value = { id: app.id, name: app.name, url: app.html_url, installAt: `${app.html_url}/installations/new` };
      context.answer(answerSchema, {
        value,
        text: `The app ${app.name} is made, and its key stored: it counts within five minutes.\nInstall it on the index and on the sources: ${value.installAt}\n`,
      });
    });
}

const appNeeds = {
  default_permissions: { metadata: 'read', ...permissionsFor.reports },
  default_events: appEvents,
};

/** An app's name is taken by whoever has it first. */
function nameFor(): string {
  return `Slipway ${randomBytes(3).toString('hex')}`;
}
