import { stoppableStatuses } from '../../core/builds/build-end.ts';
import type { Build } from '../../core/model/build.ts';
import type { CodeBuild } from '../../services/aws/codebuild.ts';
import type { Executions } from '../../services/aws/executions.ts';
import type { Builds } from '../../services/tables/builds.ts';

interface Services {
  builds: Pick<Builds, 'get' | 'close'>;
  executions: Pick<Executions, 'start' | 'stop'>;
  codeBuild: CodeBuild;
}

/**
 * Ends builds early: those that a newer build supersedes, and those that are no longer needed. A repeated call does what a call that crashed
 * left undone.
 */
export function createSupersede({ builds, executions, codeBuild }: Services) {
  /** Stops whatever still runs for a build that has been ended. If nothing ran yet, an execution notifies people of the end. */
  async function stop(build: Build): Promise<void> {
    const { id, codeBuildIds = [], supersededBy, failure } = build;
    const hadBegun = supersededBy
      ? await executions.stop(id, 'Superseded', `Build ${supersededBy} superseded it.`)
      : await executions.stop(id, 'Cancelled', failure?.message ?? 'It is no longer needed.');
    if (!hadBegun) await executions.start(build);
    // Step Functions stops the build that it waits for only by "best effort".
    // https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
    for (const codeBuildId of codeBuildIds) await codeBuild.stop(codeBuildId);
  }

  return {
    stop,

    /** Ends a build as superseded by a newer one. Undefined if it has ended in another way, or is not recorded. */
    async supersede(id: string, by: string): Promise<Build | undefined> {
      // A build that is not recorded yet will see at the head of its ref that a newer one holds the lease.
      const build = await builds.get(id);
      if (!build) return undefined;
      const closed = await builds.close(build, 'superseded', { supersededBy: by }, stoppableStatuses);
      const ended = closed ?? (await builds.get(id));
      if (ended?.status !== 'superseded') return undefined;
      await stop(ended);
      return ended;
    },

    /**
     * Cancels a build: no other supersedes it.
     * @returns whether it is cancelled now
     */
    async cancel(id: string, failure: NonNullable<Build['failure']>): Promise<boolean> {
      const build = await builds.get(id);
      if (!build) return false;
      const ended = (await builds.close(build, 'cancelled', { failure }, stoppableStatuses)) ?? (await builds.get(id));
      if (ended?.status !== 'cancelled') return false;
      await stop(ended);
      return true;
    },
  };
}
