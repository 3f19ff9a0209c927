import { randomUUID } from 'node:crypto';
import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import type { Context } from '../command.ts';
import { sendCommand } from '../deployment/commands.ts';
import { RefusedError } from '../errors.ts';
import { asProject, findProject, projectArgument } from '../projects/named-project.ts';
import { followHold } from './follow-hold.ts';

const description = `Ends the hold of a project's releases.

The newest image that waits is scanned and judged again and, if it still passes, released. A hold by the key "hold" of the
project's index entry is ended in the index.`;

const answerSchema = z.object({ project: z.string(), builds: z.array(z.string()) });

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .option('--reason <TEXT>', 'why; people read it in the mail and on the pages')
    .action(async (named, { reason }) => {
      const deployment = await context.deployment();
      const { name, hold } = await findProject(deployment, named);
      if (!hold) throw new RefusedError(`${name} is not held.`);
      if (hold.at === undefined)
        throw new RefusedError(`${name} is held by its index entry: take the key "hold" out of it.`);
      const { id } = await sendCommand(deployment, 'unhold', { project: name }, { id: randomUUID(), reason });
      const { builds } = await followHold(deployment.api, { project: name, id, terminal: context.terminal });
      const waiting = builds.length > 0 ? '; what has waited is judged again:' : ', and no image waits';
      context.answer(answerSchema, {
        value: { project: name, builds },
        text: [
          `${name} is no longer held${waiting}`,
          ...builds.map((build) => `${deployment.siteUrl}/builds/${build}`),
          '',
        ].join('\n'),
      });
    });
}
