import * as z from 'zod';
import { buildStatuses } from '../../core/model/build.ts';
import type { Answer, Context } from '../command.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { DeploymentError, exitCodes } from '../errors.ts';
import { readOperatorsReport } from '../operators/report.ts';
import { followBuild, type Obstacle } from './follow-build.ts';
import { summaryOf } from './shown-build.ts';

/** A build that the command asked for. */
export const requestedBuildSchema = z.object({
  build: z.string(),
  url: z.url(),
  /** How it ended, where the command waited for it. */
  status: z.enum(buildStatuses).optional(),
});

interface Request {
  /** The command's own id, by which what became of it is recorded. */
  id: string;
  build: string;
  /** Whether to wait for its end. */
  follow: boolean | undefined;
  /** Why it may not begin. */
  absence: string;
}

/** Says where the build is to be seen; if it is followed, also how it ended. */
export async function answerRequest(
  { terminal }: Context,
  deployment: Deployment,
  { id, build, follow, absence }: Request,
): Promise<Answer<z.infer<typeof requestedBuildSchema>>> {
  const url = `${deployment.siteUrl}/builds/${build}`;
  if (!follow) {
    terminal.err(`It begins in a moment. To wait for it: slipway log --follow ${build}\n`);
    return { value: { build, url }, text: `${url}\n` };
  }
  terminal.err('It begins in a moment …\n');
  const ended = await followBuild(deployment.api, build, {
    absence,
    // Nobody is sent to the page of a build that does not begin.
    begun: () => terminal.err(`${url}\n`),
    obstacle: () => obstacleOf(deployment, id),
    terminal,
  });
  const { status } = ended;
  return {
    value: { build, url, status },
    text: summaryOf(ended),
    exitCode: status === 'released' || status === 'unchanged' ? exitCodes.done : exitCodes.negative,
  };
}

/** Why a command has begun no build. A caller who may not read the operators' report waits for the build alone. */
async function obstacleOf(deployment: Deployment, id: string): Promise<Obstacle | undefined> {
  const report = await readOperatorsReport(deployment).catch((error: unknown) => {
    if (error instanceof DeploymentError) return undefined;
    throw error;
  });
  const planned = report?.deliveries.find(({ delivery, builds }) => delivery === id && builds.length === 0);
  return (
    planned && { reason: planned.outcome.replace(/^(?:ignored|waits): /, ''), isPassing: planned.waitsUntil !== null }
  );
}
