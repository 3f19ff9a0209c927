import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import * as z from 'zod';
import { oneLine } from '../../core/text/one-line.ts';
import { dayOf } from '../../core/time/day.ts';
import type { Context } from '../command.ts';
import { sendCommand } from '../deployment/commands.ts';
import { asProject, findProject, projectArgument, requireActive } from '../projects/named-project.ts';
import { followHold } from './follow-hold.ts';

const description = `Holds a project's releases: its floating tags stay where they are.

Builds and scans go on, and a build that passes says "held, would release". A second call replaces the date and the reason.`;

const answerSchema = z.object({ project: z.string(), until: z.iso.date().nullable() });

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .option(
      '--until <DATE>',
      'the last day of the hold, in UTC, such as 2027-03-31 (default: until "slipway unhold")',
      asDay,
    )
    .option('--reason <TEXT>', 'why; people read it in the mail and on the pages')
    .action(async (named, { until, reason }) => {
      const deployment = await context.deployment();
      const project = await findProject(deployment, named);
      requireActive(project);
      const { name } = project;
      const { id } = await sendCommand(deployment, 'hold', { project: name }, { id: randomUUID(), until, reason });
      await followHold(deployment.api, { project: name, id, terminal: context.terminal });
      context.answer(answerSchema, {
        value: { project: name, until: until ?? null },
        text: `${name} is held${until ? ` until ${until}` : ''}: slipway unhold ${name} ends it\n`,
      });
    });
}

function asDay(text: string): string {
  const today = dayOf(new Date());
  if (!z.iso.date().safeParse(text).success)
    throw new InvalidArgumentError(`"${oneLine(text, 40)}" is not a day: write it as ${today}.`);
  if (text < today) throw new InvalidArgumentError(`${text} has passed: the hold would end before it begins.`);
  return text;
}
