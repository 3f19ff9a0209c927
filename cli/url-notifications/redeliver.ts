import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { apiNotificationListSchema, apiNotificationSchema } from '../../core/api/notifications.ts';
import type { Context } from '../command.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { callSigned } from '../deployment/signed-call.ts';
import { exitCodes, RefusedError } from '../errors.ts';
import { asProject, findProject, projectArgument, projectPath } from '../projects/named-project.ts';

const description = `Posts again what addresses of a project's entry (notify-url) did not take and what was given up: all of the last 30 days, the
oldest first, or the one that is named. It keeps its id, by which a receiver knows what it has already.

The exit code is 1 if an address did not take it again; the answer says why.`;

/** What became of one that was posted again, or why it was not. */
const redeliveredSchema = z.object({
  id: z.string(),
  notification: apiNotificationSchema.nullable(),
  refusal: z.string().nullable(),
});

type Redelivered = z.infer<typeof redeliveredSchema>;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .option('--notification <ID>', 'only this one, even if it was delivered; its page and the API have the id')
    .action(async (named, { notification }) => {
      const deployment = await context.deployment();
      const path = projectPath((await findProject(deployment, named)).name);
      const ids = notification === undefined ? await givenUp(deployment, path) : [notification];
      const redelivered: Redelivered[] = [];
      for (const id of ids) redelivered.push(await redeliver(deployment, path, id));
      const areDelivered = redelivered.every((each) => each.notification?.state === 'delivered');
      context.answer(z.array(redeliveredSchema), {
        value: redelivered,
        text: redelivered.map(describe).join('') || 'Nothing was given up during the last 30 days.\n',
        exitCode: areDelivered ? exitCodes.done : exitCodes.negative,
      });
    });
}

async function givenUp({ api }: Deployment, path: string): Promise<string[]> {
  const all = await Array.fromAsync(api.list(`${path}/notifications`, {}, apiNotificationListSchema));
  const ids = all.filter(({ state }) => state === 'failed').map(({ id }) => id);
  return ids.reverse();
}

/** One that is refused does not keep the others from their addresses. */
async function redeliver(deployment: Deployment, path: string, id: string): Promise<Redelivered> {
  try {
    const response = await callSigned(deployment, 'POST', `/api/v1/${path}/redeliveries`, { notification: id });
    return { id, notification: apiNotificationSchema.parse(await response.json()), refusal: null };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { id, notification: null, refusal: error.message };
  }
}

function describe({ id, notification, refusal }: Redelivered): string {
  if (!notification) return `${id}: not posted. ${refusal}\n`;
  const { event, at, to, state, error, nextAttemptAt } = notification;
  const next = nextAttemptAt === null ? 'given up again' : `to be tried again at ${nextAttemptAt}`;
  return `${event} of ${at} to ${to}: ${state === 'delivered' ? 'delivered' : `${next}. ${error}`}\n`;
}
