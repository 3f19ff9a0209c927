import { type WebhookScope, webhookSecret } from '../core/triggers/webhook.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { type Deployment, DeploymentError, findDeployment } from './deployment.ts';
import { scopeOfOrganization, scopeOfRepository } from './webhook-target.ts';

const help = `slipway webhook-secret OWNER/REPO [--stack NAME]
slipway webhook-secret --organization ORG [--stack NAME]

Prints the secret of a repository's webhook, to be set up by hand; "slipway webhook add" does it through the API of GitHub.
The repository may be given by its address, for a host that is not the one of the index. The secret signs events of this
repository only; that of an organisation signs those of all its repositories but the index. You need the right to read the
master secret, from which it is derived: secretsmanager:GetSecretValue.

  --organization ORG   the secret for the webhook of an organisation
  --stack NAME         the stack of Slipway (default: Slipway)

The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const request = read(args);
  if (request === 'help') {
    terminal.out(help);
    return 0;
  }
  try {
    const { webhook } = await findDeployment(request.stack);
    terminal.out(`${webhookSecret(await webhook.master(), request.scopeIn(webhook))}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway webhook-secret: ${error.message}\n`);
    return 2;
  }
}

/** @throws UsageError */
function read(args: string[]): { stack: string; scopeIn: (webhook: Deployment['webhook']) => WebhookScope } | 'help' {
  const { values, positionals } = parseCommand(args, {
    organization: { type: 'string' },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) return 'help';
  const { organization, stack } = values;
  const [repository, ...rest] = positionals;
  if (rest.length > 0 || (organization === undefined) === (repository === undefined)) {
    throw new UsageError('Name one repository, such as demo/app, or an organisation with --organization.');
  }
  return {
    stack,
    scopeIn: (webhook) =>
      organization === undefined
        ? scopeOfRepository(repository ?? '', webhook)
        : scopeOfOrganization(organization, webhook),
  };
}
