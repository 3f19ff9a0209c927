import { isTerminal } from '../core/model/build.ts';
import { once } from '../core/once.ts';
import { openBuildQuota } from '../services/tables/build-quota.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openBuildsInFlight } from '../services/tables/builds-in-flight.ts';
import { createProjectQuota, type ProjectQuota } from './builds/project-quota.ts';
import { stepInputSchema } from './builds/step-input.ts';

interface Services {
  builds: Pick<Builds, 'require'>;
  quota: Pick<ProjectQuota, 'mayGoOn'>;
}

/** `again`: the state machine waits for so many seconds, and asks once more. */
type Answer = { outcome: 'build' | 'again'; seconds: number };

/** A day of such pauses adds far fewer events than an execution may have. */
const pauseSeconds = 300;

/**
 * Lets a build that waited go on as soon as its project has room for it again: while it waited, other builds used its part of the quota.
 */
export function createGoOn({ builds, quota }: Services) {
  return async function goOn(input: unknown): Promise<Answer> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    const goesOn = isTerminal(build.status) || (await quota.mayGoOn(build));
    return goesOn ? { outcome: 'build', seconds: 0 } : { outcome: 'again', seconds: pauseSeconds };
  };
}

const run = once(() => {
  const builds = openBuilds();
  return createGoOn({
    builds,
    quota: createProjectQuota({ builds, quota: openBuildQuota(), inFlight: openBuildsInFlight() }),
  });
});

export function handler(input: unknown): Promise<Answer> {
  return run()(input);
}
