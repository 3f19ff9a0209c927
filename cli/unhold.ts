import { randomUUID } from 'node:crypto';
import { unholdTriggerSchema } from '../core/model/trigger.ts';
import { type ExitCode, parseCommand, type Terminal } from './command.ts';
import { DeploymentError, findDeployment } from './deployment.ts';
import { followHold } from './follow-hold.ts';
import { findNamedProject, readProjectArgument } from './named-project.ts';

const help = `slipway unhold APP/JOB[:TAG] [--reason TEXT] [--stack NAME]

Ends the hold of a project's releases. The newest image that waits is scanned and judged again and, if it still passes,
released.

  --reason TEXT  why; people read it in the mail and on the pages
  --stack NAME   the stack of Slipway (default: Slipway)

The exit code is 1 if the project is not held, or by the key "hold" of its index entry: that is ended in the index.
The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommand(args, {
    reason: { type: 'string' },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) {
    terminal.out(help);
    return 0;
  }
  const argument = readProjectArgument(positionals);
  try {
    return await unhold(argument, values, terminal);
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway unhold: ${error.message}\n`);
    return 2;
  }
}

async function unhold(
  argument: string,
  { reason, stack }: { reason?: string | undefined; stack: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const deployment = await findDeployment(stack);
  const { name, hold } = await findNamedProject(deployment, argument);
  if (!hold || hold.at === undefined) {
    const why = hold ? 'is held by its index entry: take the key "hold" out of it' : 'is not held';
    terminal.err(`slipway unhold: ${name} ${why}.\n`);
    return 1;
  }
  const trigger = unholdTriggerSchema.parse({
    type: 'unhold',
    id: `unhold:${randomUUID()}`,
    project: name,
    because: 'command',
    requester: await deployment.identity(),
    reason,
  });
  await deployment.send(trigger);
  const { builds } = await followHold(deployment, name, trigger.id);
  terminal.out(
    `${name} is no longer held${builds.length > 0 ? '; what has waited is judged again:' : ', and no image waits'}\n`,
  );
  for (const build of builds) terminal.out(`${deployment.siteUrl}/builds/${build}\n`);
  return 0;
}
