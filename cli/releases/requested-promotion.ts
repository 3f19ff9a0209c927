import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { type ApiTarget, apiTargetSchema } from '../../core/api/projects.ts';
import type { PromotionBody } from '../../core/api/promotion.ts';
import { describeTarget } from '../../core/targets/describe-target.ts';
import { isUnderWay } from '../../core/targets/target-state.ts';
import type { Context } from '../command.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { callSigned } from '../deployment/signed-call.ts';
import { DeploymentError, exitCodes } from '../errors.ts';
import { findProject, type ProjectArgument, projectPath } from '../projects/named-project.ts';

const pollMilliseconds = 1000;
const longestMilliseconds = 40 * 60_000;

const shownSchema = z.object({ targets: z.array(apiTargetSchema) });

/** Has a target of a project get a release, and answers once it has it, or will not get it. */
export async function answerPromotion(context: Context, named: ProjectArgument, body: PromotionBody): Promise<void> {
  const deployment = await context.deployment();
  const path = projectPath((await findProject(deployment, named)).name);
  const response = await callSigned(deployment, 'POST', `/api/v1/${path}/promotions`, body);
  const begun = apiTargetSchema.parse(await response.json());
  const target = isUnderWay(begun) ? await ended(context, deployment, { path, begun }) : begun;
  const isThere = target.state === 'delivered' || target.state === 'proposed';
  const link = target.state === 'proposed' ? target.pullRequest : target.delivered[0]?.commitUrl;
  context.answer(apiTargetSchema, {
    value: target,
    text: `${target.name} ${describe(target)}.\n${link ? `${link}\n` : ''}`,
    exitCode: isThere ? exitCodes.done : exitCodes.negative,
  });
}

/** Waits while the API says that it goes on. A target that is tried again later is not waited for. */
async function ended(
  { terminal }: Context,
  { api, siteUrl }: Deployment,
  { path, begun }: { path: string; begun: ApiTarget },
): Promise<ApiTarget> {
  const deadline = Date.now() + longestMilliseconds;
  terminal.err(`${begun.name} ${describe(begun)} …\n`);
  while (Date.now() < deadline) {
    // The API may say for half a second what was before.
    await delay(pollMilliseconds);
    const shown = await api.read(path, shownSchema);
    const now = shown?.targets.find(({ name }) => name === begun.name);
    if (now && (!isUnderWay(now) || now.error !== null)) return now;
  }
  throw new DeploymentError(`It is not done after 40 minutes: see ${siteUrl}.`);
}

const describe = ({ state, wanted, error, nextAttemptAt, pullRequest }: ApiTarget): string =>
  describeTarget({
    state,
    wanted,
    error: error ?? undefined,
    dueAt: nextAttemptAt ?? undefined,
    proposal: pullRequest === null ? undefined : {},
  });
