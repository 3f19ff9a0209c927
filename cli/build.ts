import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { buildIdOf } from '../core/builds/build-id.ts';
import { parseProjectName, projectNameSchema } from '../core/model/project.ts';
import { manualTriggerSchema } from '../core/model/trigger.ts';
import { oneLine } from '../core/text/one-line.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { DeploymentError, findDeployment } from './deployment.ts';
import { followBuild } from './follow-build.ts';

const help = `slipway build APP/JOB:TAG [--commit SHA] [--stack NAME] [--follow]

Builds a project of the index now: the head of its branch, which is released if it passes.

  --commit SHA   builds this commit, given in full. A commit that is not the head of the branch is built, scanned and
                 judged, but not released: no tag moves back.
  --stack NAME   the stack of Slipway (default: Slipway)
  --follow       waits until the build ends. The exit code is 0 if the image was released, or would have changed nothing.

The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const request = read(args);
  if (request === 'help') {
    terminal.out(help);
    return 0;
  }
  try {
    return await build(request, terminal);
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway build: ${error.message}\n`);
    return 2;
  }
}

interface Request {
  project: string;
  commit?: string | undefined;
  stack: string;
  follow: boolean;
}

/** @throws UsageError */
function read(args: string[]): Request | 'help' {
  const { values, positionals } = parseCommand(args, {
    commit: { type: 'string' },
    stack: { type: 'string', default: 'Slipway' },
    follow: { type: 'boolean', short: 'f', default: false },
  });
  if (values.help) return 'help';
  const [project, ...rest] = positionals;
  if (project === undefined || rest.length > 0) throw new UsageError('Name one project, such as demo/app:latest.');
  if (!projectNameSchema.safeParse(project).success) {
    throw new UsageError(
      `"${oneLine(project, 80)}" is no project: write app-id/job-id:desired-tag, such as demo/app:latest.`,
    );
  }
  const commit = values.commit?.toLowerCase();
  if (commit !== undefined && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
    throw new UsageError(
      `"${oneLine(commit, 80)}" is no whole commit: "git rev-parse ${/^[\w./-]+$/.test(commit) ? commit : 'HEAD'}" says its 40 digits.`,
    );
  }
  return { project, stack: values.stack, follow: values.follow, commit };
}

async function build({ project, commit, stack, follow }: Request, terminal: Terminal): Promise<ExitCode> {
  const deployment = await findDeployment(stack);
  const { appId, jobId, desiredTag } = parseProjectName(project);
  const known = await deployment.read(`projects/${appId}/${jobId}/${desiredTag}`, z.object({ active: z.boolean() }));
  if (!known?.active) {
    const reason = known ? 'has left the index' : 'is not in the index';
    throw new DeploymentError(`${project} ${reason}. ${deployment.siteUrl}/projects lists its projects.`);
  }
  const trigger = manualTriggerSchema.parse({
    type: 'manual',
    id: `manual:${randomUUID()}`,
    project,
    commit,
    requester: await deployment.identity(),
  });
  await deployment.send(trigger);
  const id = buildIdOf(trigger.id, project);
  terminal.out(`${deployment.siteUrl}/builds/${id}\n`);
  const absence =
    'The build has not begun. Does the branch that the index names exist? If so, see the log of PlanBuilds.';
  return follow ? followBuild(deployment, id, absence, terminal) : 0;
}
