import { rotationOverlapDays } from '../core/triggers/webhook.ts';
import { type ExitCode, parseCommand, type Terminal } from './command.ts';
import { DeploymentError, findDeployment } from './deployment.ts';

const help = `slipway webhook rotate [--stack NAME]

Replaces the master secret, from which the secret of each webhook is derived. The secrets of before count for ${rotationOverlapDays} more days:
until then call "slipway webhook add" again for the index, and for each source or organisation. If the master secret has
leaked, call this twice, so that the leaked one counts no more after five minutes, and "slipway webhook add" at once.

  --stack NAME   the stack of Slipway (default: Slipway)

The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const { help: isHelp, stack } = read(args);
  if (isHelp) {
    terminal.out(help);
    return 0;
  }
  try {
    const { webhook } = await findDeployment(stack);
    await webhook.rotate();
    const until = new Date(Date.now() + rotationOverlapDays * 24 * 3_600_000).toISOString().slice(0, 10);
    terminal.out(
      `The webhooks have new secrets, and those of before count until ${until}. Until then, call "slipway webhook add"\n` +
        `for ${webhook.indexRepository}, and for each source or organisation that has a webhook.\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway webhook rotate: ${error.message}\n`);
    return 2;
  }
}

/** @throws UsageError */
function read(args: string[]) {
  return parseCommand(
    args,
    {
      stack: { type: 'string', default: 'Slipway' },
    },
    { allowPositionals: false },
  ).values;
}
