import { randomUUID } from 'node:crypto';
import type { Command } from '@commander-js/extra-typings';
import { apiReleaseListSchema, apiReleaseSchema } from '../../core/api/releases.ts';
import { shortDigest } from '../../core/builds/describe-build.ts';
import { chooseRelease } from '../../core/releases/rollback.ts';
import { answerRequest, requestedBuildSchema } from '../builds/requested-build.ts';
import type { Context } from '../command.ts';
import type { Api } from '../deployment/api.ts';
import { sendBuildCommand } from '../deployment/commands.ts';
import { RefusedError } from '../errors.ts';
import { asProject, findProject, projectArgument, projectPath } from '../projects/named-project.ts';

const description = `Moves the floating tags of a project's current release back to an earlier release, and holds them there.

Builds and scans go on, and what would be released waits for "slipway unhold". Projects that are based on it are rebuilt.
If the rollback is refused, nothing is changed.`;

const listSchema = apiReleaseListSchema.extend({
  items: apiReleaseSchema
    .pick({ digest: true, build: true, releasedAt: true, tags: true, state: true, policyToday: true })
    .array(),
});

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(projectArgument, 'the project', asProject)
    .option(
      '--to <RELEASE>',
      'the release: its digest or the first twelve digits of it, one of its tags, or the build that released it (default: the one before the current one)',
    )
    .option('--reason <TEXT>', 'why; people read it in the mail and on the pages')
    .action(async (named, { to, reason }) => {
      const deployment = await context.deployment();
      const { name, desiredTag, released } = await findProject(deployment, named);
      const choice = chooseRelease(
        await releasesOf(deployment.api, name),
        { current: released?.digest, desiredTag },
        to,
      );
      if ('refusal' in choice || !released)
        throw new RefusedError('refusal' in choice ? choice.refusal : 'There is no release.');
      const { digest, policyToday } = choice.release;
      const [from, back] = [released.digest, digest].map(shortDigest);
      context.terminal.err(`${name}: from ${from} back to ${back}\n`);
      if (policyToday === 'block')
        context.terminal.err('warning: with the findings of its last scan, the policy would block that image today\n');
      const change = { id: randomUUID(), from: released.digest, to: digest, reason };
      const { id, build } = await sendBuildCommand(deployment, 'rollback', name, change);
      const absence = 'The rollback has not begun: see the log of PlanBuilds.';
      context.answer(
        requestedBuildSchema,
        await answerRequest(context, deployment, { id, build, follow: true, absence }),
      );
    });
}

async function releasesOf(api: Api, project: string) {
  const releases = await Array.fromAsync(api.list(`${projectPath(project)}/releases`, {}, listSchema));
  return releases.map(({ state, ...each }) => ({ ...each, isGone: state === 'gone' }));
}
