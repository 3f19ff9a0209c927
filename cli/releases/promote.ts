import type { Command } from '@commander-js/extra-typings';
import type { Context } from '../command.ts';
import { asProject, projectArgument } from '../projects/named-project.ts';
import { answerPromotion } from './requested-promotion.ts';

const description = `Promotes a release of a project to one of the targets of its entry.

Its manifest gets the image, by a commit or by a pull request, as the entry says; a service runs it; another registry gets a
copy. Waits until that is done. The exit code is 0 if the target has the release, or a pull request for it is open, and 1 if not.`;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .requiredOption('--to <TARGET>', 'the name of the target, such as production')
    .option(
      '--release <RELEASE>',
      'the release: its digest, one of its tags, or the build that released it (default: what the target before has)',
    )
    .action((named, promotion) => answerPromotion(context, named, promotion));
}
