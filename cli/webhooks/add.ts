import type { Command } from '@commander-js/extra-typings';
import { z } from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import { repositoryOn, sourceOf } from '../../core/sources/source.ts';
import { organizationScope, webhookSecret } from '../../core/triggers/webhook.ts';
import { createGithubHooks, type GithubHooks } from '../../services/git-host/github-hooks.ts';
import type { Context } from '../command.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { readMasterSecret } from './master-secret.ts';
import { scopeOfOrganization, scopeOfRepository, type Webhooks, webhooksOf } from './scope.ts';

const description = `Creates the webhook of each repository through the API of GitHub, or updates it: its address, its events and its secret.

Do it for the index and for each source; again after "slipway webhook rotate", and after a repository was renamed. GITHUB_TOKEN is the token
of a person who administers the repositories: with "Webhooks: write", or admin:repo_hook (for an organisation admin:org_hook) of a classic
token. It is not stored. The exit code is 1 if one of the webhooks could not be set up.`;

const answerSchema = z.array(
  z.object({ target: z.string(), result: z.string().optional(), error: z.string().optional() }),
);

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument('[OWNER/REPO...]', 'the repositories')
    .option(
      '--organization <ORG>',
      'one webhook for all repositories of an organisation; the index needs its own besides',
    )
    .action(async (repositories, { organization }) => {
      if ((organization === undefined) === (repositories.length === 0)) {
        throw new UsageError('Name repositories, such as demo/app, or an organisation with --organization.');
      }
      const token = process.env.GITHUB_TOKEN || process.env.GH_TOKEN;
      if (!token) throw new UsageError('GITHUB_TOKEN is not set: it must be a token that may administer the webhooks.');
      const deployment = await context.deployment();
      const webhooks = webhooksOf(deployment);
      const targets =
        organization === undefined
          ? repositories.map((written) => repositoryTarget(written, webhooks))
          : [organizationTarget(organization, webhooks)];
      const master = await readMasterSecret(deployment);
      const hooks = createGithubHooks({ apiUrl: webhooks.apiUrl, token });
      const done: z.infer<typeof answerSchema> = [];
      for (const { name: target, add } of targets)
        done.push({ target, ...(await outcomeOf(() => add(hooks, master))) });
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

interface Target {
  name: string;
  /** @returns the result, as a text for people */
  add(hooks: GithubHooks, master: string): Promise<string>;
}

function organizationTarget(organization: string, webhooks: Webhooks): Target {
  const scope = scopeOfOrganization(organization, webhooks);
  const hasIndex = organizationScope(webhooks.index).name === scope.name;
  return {
    name: organization,
    async add(hooks, master) {
      const result = await hooks.keep({ organization }, { url: webhooks.url, secret: webhookSecret(master, scope) });
      const next = `The index needs its own webhook: slipway webhook add ${webhooks.indexRepository}`;
      return `the webhook was ${result}${hasIndex ? `. ${next}` : ''}`;
    },
  };
}

/** @throws UsageError before anything is changed */
function repositoryTarget(written: string, webhooks: Webhooks): Target {
  const { gitHost, url } = webhooks;
  const scope = scopeOfRepository(written, webhooks);
  const repository = repositoryOn(gitHost, `https://${scope.name}`);
  if (repository === undefined) {
    throw new UsageError(
      `${scope.name} is not on ${gitHost}: set its webhook up there, with the secret of "slipway webhook secret".`,
    );
  }
  return {
    name: repository,
    async add(hooks, master) {
      const current = await hooks.currentName(repository);
      if (sourceOf(`${gitHost}/${current}`, gitHost) !== scope.name) {
        throw new UpstreamError(
          `${repository} is now ${current}. Write its new address into the index, then: slipway webhook add ${current}`,
        );
      }
      return `the webhook was ${await hooks.keep({ repository }, { url, secret: webhookSecret(master, scope) })}`;
    },
  };
}
