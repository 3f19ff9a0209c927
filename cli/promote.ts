import { z } from 'zod';
import { describeTarget, targetLink } from '../core/targets/describe-target.ts';
import { targetStateSchema } from '../core/targets/target-state.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { DeploymentError, findDeployment } from './deployment.ts';
import { findNamedProject, readProjectArgument } from './named-project.ts';

const help = `slipway promote APP/JOB[:TAG] --to TARGET [--release DIGEST|TAG|BUILD] [--stack NAME]

Promotes a release of a project to one of the targets of its entry: its manifest gets the image, by a commit or by a
pull request, as the entry says.

  --to TARGET     the name of the target, such as production
  --release NAME  the release: its digest, one of its tags, or the build that released it (default: what the target
                  before has)
  --stack NAME    the stack of Slipway (default: Slipway)

The exit code is 0 if the target has the release, or a pull request for it is open, and 1 if not.
The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

const answerSchema = z.union([z.object({ refused: z.string() }), z.object({ state: targetStateSchema })]);

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommand(args, {
    to: { type: 'string' },
    release: { type: 'string' },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) {
    terminal.out(help);
    return 0;
  }
  const { to, release, stack } = values;
  const argument = readProjectArgument(positionals);
  if (to === undefined) throw new UsageError('Name the target with --to, such as --to production.');
  try {
    const deployment = await findDeployment(stack);
    const { name: project } = await findNamedProject(deployment, argument);
    const request = { project, to, release, requester: await deployment.identity() };
    const answer = await deployment.invoke('Promote', request, answerSchema);
    if ('refused' in answer) throw new DeploymentError(answer.refused);
    const { state } = answer;
    terminal.out(`${to} ${describeTarget(state)}.\n${targetLink(state) ?? ''}\n`);
    return state.state === 'delivered' || state.state === 'proposed' ? 0 : 1;
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway promote: ${error.message}\n`);
    return 2;
  }
}
