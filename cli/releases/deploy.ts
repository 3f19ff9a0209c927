import type { Command } from '@commander-js/extra-typings';
import type { Context } from '../command.ts';
import { asProject, projectArgument } from '../projects/named-project.ts';
import { answerPromotion } from './requested-promotion.ts';

const description = `Has a service run a release of a project, by digest, and waits until it does.

A service of Amazon ECS, or a container on servers: the entry of the project names it in "deploy", and the operators allow it.
The exit code is 0 if the service runs the release, and 1 if not.`;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .option('--to <TARGET>', "the name of the target (default: the entry's only service)")
    .option(
      '--release <RELEASE>',
      'the release: its digest, one of its tags, or the build that released it (default: the current one; for a target that gets promotions, what the target before has)',
    )
    .action((named, promotion) => answerPromotion(context, named, promotion));
}
