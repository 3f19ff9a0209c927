import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { buildIdOf } from '../core/builds/build-id.ts';
import { shortDigest } from '../core/builds/describe-build.ts';
import { parseProjectName } from '../core/model/project.ts';
import { rollbackTriggerSchema } from '../core/model/trigger.ts';
import { chooseRelease, type KnownRelease } from '../core/releases/rollback.ts';
import { type ExitCode, parseCommand, type Terminal } from './command.ts';
import { type Deployment, DeploymentError, findDeployment } from './deployment.ts';
import { followBuild } from './follow-build.ts';
import { findNamedProject, readProjectArgument } from './named-project.ts';

const help = `slipway rollback APP/JOB[:TAG] [--to DIGEST|TAG|BUILD] [--reason TEXT] [--stack NAME]

Moves the floating tags of a project's current release back to an earlier release, and holds them there: builds and
scans go on, and what would be released waits for "slipway unhold". Projects that are based on it are rebuilt.

  --to NAME      the release: its digest or the first twelve digits of it, one of its tags, or the build that released
                 it (default: the release before the current one)
  --reason TEXT  why; people read it in the mail and on the pages
  --stack NAME   the stack of Slipway (default: Slipway)

The exit code is 0 if the tags were moved, and 1 if the rollback was refused: then nothing is changed.
The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

const releaseSchema = z.object({
  digest: z.string(),
  build: z.string(),
  releasedAt: z.string(),
  tags: z.array(z.string()),
  state: z.string(),
  policyToday: z.enum(['pass', 'block']).nullable(),
});
const pageSchema = z.object({ items: z.array(releaseSchema), cursor: z.string().nullable() });
type ShownRelease = KnownRelease & Pick<z.infer<typeof releaseSchema>, 'policyToday'>;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommand(args, {
    to: { type: 'string' },
    reason: { type: 'string' },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) {
    terminal.out(help);
    return 0;
  }
  const argument = readProjectArgument(positionals);
  try {
    return await rollBack({ argument, ...values }, terminal);
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway rollback: ${error.message}\n`);
    return 2;
  }
}

interface Request {
  argument: string;
  to?: string | undefined;
  reason?: string | undefined;
  stack: string;
}

async function rollBack({ argument, to, reason, stack }: Request, terminal: Terminal): Promise<ExitCode> {
  const deployment = await findDeployment(stack);
  const project = await findNamedProject(deployment, argument);
  const current = project.released?.digest;
  const choice = chooseRelease(
    await releasesOf(deployment, project.name),
    { current, desiredTag: project.desiredTag },
    to,
  );
  if ('refusal' in choice || current === undefined) {
    terminal.err(`slipway rollback: ${'refusal' in choice ? choice.refusal : 'There is no release.'}\n`);
    return 1;
  }
  const { release } = choice;
  const trigger = rollbackTriggerSchema.parse({
    type: 'rollback',
    id: `rollback:${randomUUID()}`,
    project: project.name,
    from: current,
    to: release.digest,
    requester: await deployment.identity(),
    reason,
  });
  terminal.out(`${project.name}: from ${shortDigest(current)} back to ${shortDigest(release.digest)}\n`);
  if (release.policyToday === 'block')
    terminal.out('warning: with the findings of its last scan, the policy would block that image today\n');
  await deployment.send(trigger);
  const id = buildIdOf(trigger.id, project.name);
  terminal.out(`${deployment.siteUrl}/builds/${id}\n`);
  return followBuild(deployment, id, 'The rollback has not begun: see the log of PlanBuilds.', terminal);
}

async function releasesOf(deployment: Deployment, project: string): Promise<ShownRelease[]> {
  const { appId, jobId, desiredTag } = parseProjectName(project);
  const releases: ShownRelease[] = [];
  let cursor: string | null = null;
  do {
    const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await deployment.read(`projects/${appId}/${jobId}/${desiredTag}/releases?limit=100${at}`, pageSchema);
    releases.push(...(page?.items ?? []).map(({ state, ...each }) => ({ ...each, isGone: state === 'gone' })));
    cursor = page?.cursor ?? null;
  } while (cursor !== null);
  return releases;
}
