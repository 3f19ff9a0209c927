import * as z from 'zod';
import { buildStatuses } from '../../core/model/build.ts';
import type { Answer, Context } from '../command.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { exitCodes } from '../errors.ts';
import { followBuild } from './follow-build.ts';
import { summaryOf } from './shown-build.ts';

/** A build that the command asked for. */
export const requestedBuildSchema = z.object({
  build: z.string(),
  url: z.url(),
  /** How it ended, where the command waited for it. */
  status: z.enum(buildStatuses).optional(),
});

interface Request {
  build: string;
  /** Whether to wait for its end. */
  follow: boolean | undefined;
  /** Why it may not begin. */
  absence: string;
}

/** Says where the build is to be seen; if it is followed, also how it ended. */
export async function answerRequest(
  { terminal }: Context,
  { api, siteUrl }: Deployment,
  { build, follow, absence }: Request,
): Promise<Answer<z.infer<typeof requestedBuildSchema>>> {
  const url = `${siteUrl}/builds/${build}`;
  if (!follow) return { value: { build, url }, text: `${url}\n` };
  terminal.err(`${url}\n`);
  const ended = await followBuild(api, build, absence, terminal);
  const { status } = ended;
  return {
    value: { build, url, status },
    text: summaryOf(ended),
    exitCode: status === 'released' || status === 'unchanged' ? exitCodes.done : exitCodes.negative,
  };
}
