import type { Command } from '@commander-js/extra-typings';
import { z } from 'zod';
import { describeTarget, targetLink } from '../../core/targets/describe-target.ts';
import { targetStateSchema } from '../../core/targets/target-state.ts';
import type { Context } from '../command.ts';
import { invoke } from '../deployment/functions.ts';
import { callerName } from '../deployment/triggers.ts';
import { exitCodes, RefusedError } from '../errors.ts';
import { asProject, findProject, projectArgument } from '../projects/named-project.ts';

const description = `Promotes a release of a project to one of the targets of its entry.

Its manifest gets the image, by a commit or by a pull request, as the entry says. The exit code is 0 if the target has the
release, or a pull request for it is open, and 1 if not.`;

const answerSchema = z.union([z.object({ refused: z.string() }), z.object({ state: targetStateSchema })]);

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .requiredOption('--to <TARGET>', 'the name of the target, such as production')
    .option(
      '--release <RELEASE>',
      'the release: its digest, one of its tags, or the build that released it (default: what the target before has)',
    )
    .action(async (named, { to, release }) => {
      const deployment = await context.deployment();
      const { name: project } = await findProject(deployment, named);
      const request = { project, to, release, requester: await callerName(deployment) };
      const answer = await invoke(deployment, 'Promote', request, answerSchema);
      if ('refused' in answer) throw new RefusedError(answer.refused);
      const { state } = answer;
      const isThere = state.state === 'delivered' || state.state === 'proposed';
      context.answer(targetStateSchema, {
        value: state,
        text: `${to} ${describeTarget(state)}.\n${targetLink(state) ?? ''}\n`,
        exitCode: isThere ? exitCodes.done : exitCodes.negative,
      });
    });
}
