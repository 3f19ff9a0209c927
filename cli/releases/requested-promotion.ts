import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { describeTarget, targetLink } from '../../core/targets/describe-target.ts';
import { isUnderWay, type TargetState, targetStateSchema } from '../../core/targets/target-state.ts';
import type { Context } from '../command.ts';
import { ownName } from '../deployment/caller-name.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { invoke } from '../deployment/functions.ts';
import { DeploymentError, exitCodes, RefusedError } from '../errors.ts';
import { findProject, type ProjectArgument, projectPath } from '../projects/named-project.ts';

const pollMilliseconds = 1000;
const longestMilliseconds = 40 * 60_000;

const answerSchema = z.union([z.object({ refused: z.string() }), z.object({ state: targetStateSchema })]);
const shownSchema = z.object({
  targets: z.array(z.object({ name: z.string(), state: targetStateSchema.shape.state, error: z.string().nullable() })),
});

/** What a command says: the target, where there is a choice, and the release, where it is not the one that is due. */
interface Promotion {
  to?: string | undefined;
  release?: string | undefined;
}

/** Has a target of a project get a release, and answers once it has it, or will not get it. */
export async function answerPromotion(context: Context, named: ProjectArgument, promotion: Promotion): Promise<void> {
  const deployment = await context.deployment();
  const { name: project } = await findProject(deployment, named);
  const requester = await ownName(deployment);
  const answer = await invoke(deployment, 'Promote', { ...promotion, project, requester }, answerSchema);
  if ('refused' in answer) throw new RefusedError(answer.refused);
  const state = isUnderWay(answer.state) ? await ended(context, deployment, answer.state) : answer.state;
  const isThere = state.state === 'delivered' || state.state === 'proposed';
  context.answer(targetStateSchema, {
    value: state,
    text: `${[`${state.target} ${describeTarget(state)}.`, targetLink(state) ?? []].flat().join('\n')}\n`,
    exitCode: isThere ? exitCodes.done : exitCodes.negative,
  });
}

/** Copies and services take minutes: the API says what becomes of them. One that is tried again later is not waited for. */
async function ended({ terminal }: Context, { api, siteUrl }: Deployment, begun: TargetState): Promise<TargetState> {
  const deadline = Date.now() + longestMilliseconds;
  terminal.err(`${begun.target} ${describeTarget(begun)} …\n`);
  for (; ; await delay(pollMilliseconds)) {
    const shown = await api.read(projectPath(begun.project), shownSchema);
    const now = shown?.targets.find(({ name }) => name === begun.target);
    // An attempt that failed is one that was made.
    if (now && (!isUnderWay(now) || now.error !== null))
      return { ...begun, state: now.state, error: now.error ?? undefined, attempts: 1 };
    if (Date.now() > deadline) throw new DeploymentError(`It is not done after 40 minutes: see ${siteUrl}.`);
  }
}
