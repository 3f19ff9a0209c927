import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { oneLine } from '../../core/text/one-line.ts';
import type { Context } from '../command.ts';
import { sendBuildCommand } from '../deployment/commands.ts';
import { asProject, findProject, projectArgument, projectPath, requireActive } from '../projects/named-project.ts';
import { answerRequest, requestedBuildSchema } from './requested-build.ts';

const description = `Builds a project of the index now: the head of its branch, which is released if it passes.

A commit that is not the head of the branch is built, scanned and judged, but not released: no tag moves back.`;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .option('--commit <SHA>', 'build this commit, given in full', asCommit)
    .option(
      '-f, --follow',
      'wait until the build ends, or will not begin; 1 if nothing was released, or would have been',
    )
    .action(async (named, { commit, follow }) => {
      const deployment = await context.deployment();
      const project = await findProject(deployment, named);
      requireActive(project);
      const { id, build } = await sendBuildCommand(deployment, 'build', project.name, { id: randomUUID(), commit });
      const page = `${deployment.siteUrl}/${projectPath(project.name)}`;
      const absence = `The build has not begun within ten minutes. Can its repository be read? ${page} says so. If it can, see the log of PlanBuilds.`;
      context.answer(requestedBuildSchema, await answerRequest(context, deployment, { id, build, follow, absence }));
    });
}

function asCommit(text: string): string {
  const commit = text.toLowerCase();
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return commit;
  const revision = /^[\w./-]+$/.test(text) ? text : 'HEAD';
  throw new InvalidArgumentError(
    `"${oneLine(text, 80)}" is not a whole commit: "git rev-parse ${revision}" says its 40 digits.`,
  );
}
