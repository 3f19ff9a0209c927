import type { Build } from '../../core/model/build.ts';
import type { CodeBuild } from '../../services/aws/codebuild.ts';
import type { Executions } from '../../services/aws/executions.ts';
import type { Builds } from '../../services/tables/builds.ts';

interface Services {
  builds: Pick<Builds, 'get' | 'close'>;
  executions: Pick<Executions, 'stop'>;
  codeBuild: CodeBuild;
}

/** What a build may still be taken out of. One that puts its tags on already is left to its end. */
const replaceable = ['queued', 'building', 'scanning'] as const;

/**
 * Ends builds before their time: those whose place a newer one has taken, and those that nobody wants any more. Doing it again, or after
 * half of it, does the rest.
 */
export function createSupersede({ builds, executions, codeBuild }: Services) {
  /** Stops what runs for a build that has its end. */
  async function stop({ id, codeBuildId, supersededBy, failure }: Build): Promise<void> {
    if (supersededBy) await executions.stop(id, 'Superseded', `Build ${supersededBy} took its place.`);
    else await executions.stop(id, 'Cancelled', failure?.message ?? 'Nobody wants it any more.');
    // That Step Functions stops the build that it waits for is "best effort".
    // https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
    if (codeBuildId) await codeBuild.stop(codeBuildId);
  }

  return {
    stop,

    /** Gives the place of a build to a newer one. Undefined unless that was its end. */
    async supersede(id: string, by: string): Promise<Build | undefined> {
      // One that is not recorded yet sees by its head that its place is taken.
      const build = await builds.get(id);
      if (!build) return undefined;
      const closed = await builds.close(build, 'superseded', { supersededBy: by }, replaceable);
      const ended = closed ?? (await builds.get(id));
      if (ended?.status !== 'superseded') return undefined;
      await stop(ended);
      return ended;
    },

    /**
     * Ends a build without another in its place.
     * @returns whether it is cancelled now
     */
    async cancel(id: string, failure: NonNullable<Build['failure']>): Promise<boolean> {
      const build = await builds.get(id);
      if (!build) return false;
      const ended = (await builds.close(build, 'cancelled', { failure }, replaceable)) ?? (await builds.get(id));
      if (ended?.status !== 'cancelled') return false;
      await stop(ended);
      return true;
    },
  };
}
