import { UpstreamError } from '../core/model/errors.ts';
import { repositoryOn, sourceOf } from '../core/sources/source.ts';
import { organizationScope, webhookSecret } from '../core/triggers/webhook.ts';
import { createGithubHooks, type GithubHooks } from '../services/git-host/github-hooks.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { type Deployment, DeploymentError, findDeployment } from './deployment.ts';
import { scopeOfOrganization, scopeOfRepository } from './webhook-target.ts';

const help = `slipway webhook add OWNER/REPO... [--stack NAME]
slipway webhook add --organization ORG [--stack NAME]

Creates the webhook of each repository through the API of GitHub, or updates it: its address, its events and its secret.
Do it for the index and for each source; again after "slipway webhook rotate", and after a repository was renamed.

  --organization ORG   one webhook for all repositories of an organisation. The index needs its own besides.
  --stack NAME         the stack of Slipway (default: Slipway)

GITHUB_TOKEN is the token of a person who administers the repositories: with "Webhooks: write", or admin:repo_hook (for an
organisation admin:org_hook) of a classic token. It is not stored. The connection to AWS is set as for the AWS CLI:
AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

type Webhook = Deployment['webhook'];

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const request = read(args);
  if (request === 'help') {
    terminal.out(help);
    return 0;
  }
  try {
    const { webhook } = await findDeployment(request.stack);
    const targets = targetsOf(request, webhook);
    const master = await webhook.master();
    const hooks = createGithubHooks({ apiUrl: webhook.apiUrl, token: request.token });
    let failed = 0;
    for (const target of targets) {
      try {
        terminal.out(`${target.name}: ${await target.add(hooks, master)}\n`);
      } catch (error) {
        // The others are set up all the same.
        if (!(error instanceof UpstreamError)) throw error;
        terminal.err(`slipway webhook add: ${error.message}\n`);
        failed++;
      }
    }
    return failed > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway webhook add: ${error.message}\n`);
    return 2;
  }
}

interface Request {
  repositories: string[];
  organization: string | undefined;
  stack: string;
  token: string;
}

/** @throws UsageError */
function read(args: string[]): Request | 'help' {
  const { values, positionals: repositories } = parseCommand(args, {
    organization: { type: 'string' },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) return 'help';
  const { organization, stack } = values;
  if ((organization === undefined) === (repositories.length === 0)) {
    throw new UsageError('Name repositories, such as demo/app, or an organisation with --organization.');
  }
  const token = process.env.GITHUB_TOKEN || process.env.GH_TOKEN;
  if (!token) throw new UsageError('GITHUB_TOKEN is not set: it must be a token that may administer the webhooks.');
  return { repositories, organization, stack, token };
}

interface Target {
  name: string;
  /** @returns the result, as a text for people */
  add(hooks: GithubHooks, master: string): Promise<string>;
}

/** @throws UsageError before anything is changed */
function targetsOf({ repositories, organization }: Request, webhook: Webhook): Target[] {
  if (organization !== undefined) return [organizationTarget(organization, webhook)];
  return repositories.map((written) => repositoryTarget(written, webhook));
}

function organizationTarget(organization: string, webhook: Webhook): Target {
  const scope = scopeOfOrganization(organization, webhook);
  const hasIndex = organizationScope(webhook.index).name === scope.name;
  return {
    name: organization,
    async add(hooks, master) {
      const result = await hooks.keep({ organization }, { url: webhook.url, secret: webhookSecret(master, scope) });
      const next = `The index needs its own webhook: slipway webhook add ${webhook.indexRepository}`;
      return `the webhook was ${result}${hasIndex ? `. ${next}` : ''}`;
    },
  };
}

function repositoryTarget(written: string, webhook: Webhook): Target {
  const { gitHost, url } = webhook;
  const scope = scopeOfRepository(written, webhook);
  const repository = repositoryOn(gitHost, `https://${scope.name}`);
  if (repository === undefined) {
    throw new UsageError(
      `${scope.name} is not on ${gitHost}: set its webhook up there, with the secret of "slipway webhook-secret".`,
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
