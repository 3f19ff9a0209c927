import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { holdTriggerSchema } from '../core/model/trigger.ts';
import { oneLine } from '../core/text/one-line.ts';
import { dayOf } from '../core/time/day.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { DeploymentError, findDeployment } from './deployment.ts';
import { followHold } from './follow-hold.ts';
import { findNamedProject, readProjectArgument } from './named-project.ts';

const help = `slipway hold APP/JOB[:TAG] [--until DATE] [--reason TEXT] [--stack NAME]

Holds a project's releases: its floating tags stay where they are. Builds and scans go on, and a build that passes says
"held, would release". A second call replaces the date and the reason.

  --until DATE   the last day of the hold, in UTC, such as 2027-03-31 (default: until "slipway unhold")
  --reason TEXT  why; people read it in the mail and on the pages
  --stack NAME   the stack of Slipway (default: Slipway)

The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommand(args, {
    until: { type: 'string' },
    reason: { type: 'string' },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) {
    terminal.out(help);
    return 0;
  }
  const argument = readProjectArgument(positionals);
  const until = readDay(values.until, new Date());
  try {
    const deployment = await findDeployment(values.stack);
    const { name, active } = await findNamedProject(deployment, argument);
    if (!active) throw new DeploymentError(`${name} has left the index: nothing of it is released any more.`);
    const trigger = holdTriggerSchema.parse({
      type: 'hold',
      id: `hold:${randomUUID()}`,
      project: name,
      because: 'command',
      until,
      requester: await deployment.identity(),
      reason: values.reason,
    });
    await deployment.send(trigger);
    await followHold(deployment, name, trigger.id);
    terminal.out(`${name} is held${until ? ` until ${until}` : ''}: slipway unhold ${name} ends it\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway hold: ${error.message}\n`);
    return 2;
  }
}

/** @throws UsageError */
function readDay(text: string | undefined, now: Date): string | undefined {
  if (text === undefined) return undefined;
  if (!z.iso.date().safeParse(text).success)
    throw new UsageError(`"${oneLine(text, 40)}" is no day: write it as ${dayOf(now)}.`);
  if (text < dayOf(now)) throw new UsageError(`${text} has passed: the hold would end before it begins.`);
  return text;
}
