import { randomUUID } from 'node:crypto';
import type { Command } from '@commander-js/extra-typings';
import { stoppableStatuses } from '../../core/builds/build-end.ts';
import type { BuildStatus } from '../../core/model/build.ts';
import { cancelCascade, cancelledCascadeSchema, cascadeIn } from '../cascade/cancel-cascade.ts';
import type { Context } from '../command.ts';
import { sendCommand } from '../deployment/commands.ts';
import { exitCodes, RefusedError } from '../errors.ts';
import { followBuild } from './follow-build.ts';
import { asBuild, findBuild } from './named-build.ts';
import { requestedBuildSchema } from './requested-build.ts';
import { summaryOf } from './shown-build.ts';

const description = `Stops a build that waits, builds or is scanned, and records who stopped it and why. Nothing of it is released.

Of a cascade, it stops all builds, and begins no other. What was released stays; the answer says how much that is.

The exit code is 1 if a build had ended, or already sets its tags: then it goes on to its end, and "slipway rollback" takes it back.`;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(
      '<BUILD|CASCADE|APP/JOB[:TAG]>',
      'the build or the cascade by its id or its page, or the newest build of a project',
      (text) => {
        const cascade = cascadeIn(text);
        return cascade === undefined ? asBuild(text) : { cascade };
      },
    )
    .option('--reason <TEXT>', 'why; people read it on the page')
    .action(async (named, { reason }) => {
      const deployment = await context.deployment();
      if ('cascade' in named) {
        const { terminal } = context;
        return context.answer(
          cancelledCascadeSchema,
          await cancelCascade(deployment, named.cascade, { reason, terminal }),
        );
      }
      const { id: build, project, status, url } = await findBuild(deployment, named);
      const stoppable: readonly BuildStatus[] = stoppableStatuses;
      if (status === 'releasing')
        throw new RefusedError(`Build ${build} already sets its tags. Afterwards: slipway rollback ${project}`);
      if (!stoppable.includes(status)) throw new RefusedError(`Build ${build} of ${project} has ended: ${status}.`);
      await sendCommand(deployment, 'cancel', { build }, { id: randomUUID(), reason });
      const absence = `Build ${build} is no longer there.`;
      const ended = await followBuild(deployment.api, build, { absence, terminal: context.terminal });
      context.answer(requestedBuildSchema, {
        value: { build, url, status: ended.status },
        text: `${project}, build ${build}: ${summaryOf(ended)}`,
        exitCode: ended.status === 'cancelled' ? exitCodes.done : exitCodes.negative,
      });
    });
}
