import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { type ApiCascade, apiCascadeSchema } from '../../core/api/cascades.ts';
import { cascadeIdForm } from '../../core/model/cascade-id.ts';
import type { Answer } from '../command.ts';
import { sendCommand } from '../deployment/commands.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { DeploymentError, exitCodes, RefusedError, UsageError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';

const pollMilliseconds = 1_000;
/** Longer than the queue takes for its first tries. */
const plannedWithinMilliseconds = 10 * 60_000;

const argumentForm = new RegExp(`^(?:https?://.+/cascades/)?(${cascadeIdForm})$`);

/** The id in an argument that names a cascade, by its id or its page. */
export const cascadeIn = (text: string): string | undefined => argumentForm.exec(text)?.[1];

export const cancelledCascadeSchema = z.object({
  cascade: z.string(),
  url: z.url(),
  /** How many of its projects ended how. */
  counts: apiCascadeSchema.shape.counts,
});

/** Stops a cascade, and waits until its last build has ended. */
export async function cancelCascade(
  deployment: Deployment,
  id: string,
  { reason, terminal }: { reason: string | undefined; terminal: Terminal },
): Promise<Answer<z.infer<typeof cancelledCascadeSchema>>> {
  const { api, siteUrl } = deployment;
  const read = () => api.read(`cascades/${id}`, apiCascadeSchema);
  const before = await read();
  if (!before) throw new UsageError(`There is no cascade ${id}. ${siteUrl}/cascades lists the newest.`);
  if (before.endedAt) throw new RefusedError(`Cascade ${id} has ended: ${describe(before)}.`);
  await sendCommand(deployment, 'cancel-cascade', { cascade: id }, { id: randomUUID(), reason });
  const deadline = Date.now() + plannedWithinMilliseconds;
  let said = '';
  for (;;) {
    const cascade = (await read()) ?? before;
    if (cascade.endedAt) return answerOf(cascade);
    if (!cascade.cancelled && Date.now() > deadline)
      throw new DeploymentError(`Cascade ${id} is not cancelled yet. ${siteUrl}/cascades/${id} says when it is.`);
    const now = `${describe(cascade)}\n`;
    if (cascade.cancelled && now !== said) terminal.err(now);
    said = now;
    await delay(pollMilliseconds);
  }
}

function answerOf(ended: ApiCascade): Answer<z.infer<typeof cancelledCascadeSchema>> {
  const { id, url, counts, cancelled } = ended;
  const { released = 0 } = counts;
  const stays =
    released > 0 ? `What was released stays; "slipway rollback APP/JOB" takes one of it back. ${url} lists it.\n` : '';
  return {
    value: { cascade: id, url, counts },
    text: `Cascade ${id} ${cancelled ? 'is cancelled' : 'had ended'}: ${describe(ended)}\n${stays}`,
    exitCode: cancelled ? exitCodes.done : exitCodes.negative,
  };
}

/** `12 released, 488 cancelled` */
function describe({ counts }: ApiCascade): string {
  return Object.entries(counts)
    .map(([state, count]) => `${count} ${state.replace('-', ' ')}`)
    .join(', ');
}
