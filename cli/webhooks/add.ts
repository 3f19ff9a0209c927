import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import type { GitHost } from '../../core/model/git-host.ts';
import { findRepository, sourceOf } from '../../core/sources/source.ts';
import { type WebhookScope, webhookSecret } from '../../core/triggers/webhook.ts';
import type { Hook, WebhookSetup } from '../../services/git-host/webhook-api.ts';
import { createWebhookSetup } from '../../services/git-host/webhook-setup.ts';
import type { Context } from '../command.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { readMasterSecret } from './master-secret.ts';
import { personalToken, tokenVariables } from './personal-token.ts';
import { scopeOfOrganization, scopeOfRepository, type Webhooks, webhooksOf } from './scope.ts';

const description = `Creates the webhook of each repository through the API of its git host, or updates it: its address, its events and its secret.

Do it for the index and for each source; again after "slipway webhook rotate", and after a repository was renamed. GITHUB_TOKEN,
GITLAB_TOKEN or FORGEJO_TOKEN is the token of a person who administers the repositories. At GitHub it has "Webhooks: write", or
admin:repo_hook (for an organisation admin:org_hook) of a classic token; at GitLab the scope "api"; at Forgejo and Gitea
"write:repository". It is not stored. The exit code is 1 if one of the webhooks could not be set up.`;

const answerSchema = z.array(
  z.object({ target: z.string(), result: z.string().optional(), error: z.string().optional() }),
);

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument('[OWNER/REPO...]', 'the repositories; by their addresses if they are on another host than the index')
    .option(
      '--organization <ORG>',
      'one webhook for all repositories of an organisation or group; the index needs its own besides',
    )
    .action(async (repositories, { organization }) => {
      if ((organization === undefined) === (repositories.length === 0)) {
        throw new UsageError('Name repositories, such as demo/app, or an organisation with --organization.');
      }
      const deployment = await context.deployment();
      const webhooks = webhooksOf(deployment);
      const targets =
        organization === undefined
          ? repositories.map((written) => repositoryTarget(written, webhooks))
          : [organizationTarget(organization, webhooks)];
      // Before anything is changed.
      for (const { host } of targets) tokenFor(host);
      const master = await readMasterSecret(deployment);
      const done: z.infer<typeof answerSchema> = [];
      for (const { name: target, host, scope, add } of targets) {
        const hook = { url: `${webhooks.url}/${host.kind}`, secret: webhookSecret(master, scope) };
        const setup = createWebhookSetup(host, tokenFor(host));
        done.push({ target, ...(await outcomeOf(() => add(setup, hook))) });
      }
      for (const { error } of done) if (error !== undefined) context.terminal.err(`slipway: ${error}\n`);
      context.answer(answerSchema, {
        value: done,
        text: done.map(({ target, result }) => (result === undefined ? '' : `${target}: ${result}\n`)).join(''),
        exitCode: done.some(({ error }) => error !== undefined) ? exitCodes.negative : exitCodes.done,
      });
    });
}

/** After one that fails, the others are set up all the same. */
async function outcomeOf(add: () => Promise<string>): Promise<{ result: string } | { error: string }> {
  try {
    return { result: await add() };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return { error: error.message };
  }
}

/** @throws UsageError */
function tokenFor(host: GitHost): string {
  const token = personalToken(host);
  if (token) return token;
  throw new UsageError(
    `${tokenVariables[host.kind][0]} is not set: it must be a token that may administer the webhooks at ${host.url}.`,
  );
}

interface Target {
  name: string;
  host: GitHost;
  scope: WebhookScope;
  /** @returns the result, as a text for people */
  add(setup: WebhookSetup, hook: Hook): Promise<string>;
}

function organizationTarget(written: string, webhooks: Webhooks): Target {
  const scope = scopeOfOrganization(written, webhooks);
  const { host, path: organization } = placeOf(`${scope.name}/any`, webhooks);
  const hasIndex = webhooks.index.startsWith(`${scope.name}/`);
  return {
    name: written,
    host,
    scope,
    async add(setup, hook) {
      const result = await setup.keep({ organization: organization.replace(/\/any$/, '') }, hook);
      const next = `The index needs its own webhook: slipway webhook add ${webhooks.indexRepository}`;
      return `the webhook was ${result}${hasIndex ? `. ${next}` : ''}`;
    },
  };
}

/** @throws UsageError before anything is changed */
function repositoryTarget(written: string, webhooks: Webhooks): Target {
  const scope = scopeOfRepository(written, webhooks);
  const { host, path: repository } = placeOf(scope.name, webhooks);
  return {
    name: repository,
    host,
    scope,
    async add(setup, hook) {
      const current = await setup.currentName(repository);
      if (sourceOf(`${host.url}/${current}`, webhooks.gitHosts) !== scope.name) {
        throw new UpstreamError(
          `${repository} is now ${current}. Write its new address into the index, then: slipway webhook add ${current}`,
        );
      }
      return `the webhook was ${await setup.keep({ repository }, hook)}`;
    },
  };
}

/** @throws UsageError */
function placeOf(source: string, { gitHosts, url }: Webhooks) {
  const found = findRepository(gitHosts, `https://${source}`);
  if (found) return found;
  throw new UsageError(
    `${source} is on none of the hosts of gitHosts: set its webhook up there, to ${url}/github, /gitlab or /forgejo, with the secret of "slipway webhook secret".`,
  );
}
