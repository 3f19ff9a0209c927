import type * as z from 'zod';
import { executionErrorSchema } from '../core/builds/failure.ts';
import { once } from '../core/once.ts';
import { openRecords } from '../services/records/records.ts';
import { openBuildQuota } from '../services/tables/build-quota.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openBuildsInFlight } from '../services/tables/builds-in-flight.ts';
import { openProjects } from '../services/tables/projects.ts';
import { openRecordBases } from './bases/record-bases.ts';
import { createFailBuild, type FailBuild } from './builds/fail-build.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { createWaitForAttempt, type WaitForAttempt } from './builds/wait-for-attempt.ts';

const inputSchema = stepInputSchema.extend({ error: executionErrorSchema });

interface Answer {
  /** `again`: the state machine waits, and runs the build once more. */
  outcome: 'ended' | 'again';
  seconds: number;
}

/** Has a build whose step failed wait for another attempt, or ends it. */
export function createFail({ wait, failBuild }: { wait: WaitForAttempt; failBuild: FailBuild }) {
  return async function fail({ build, error }: z.infer<typeof inputSchema>): Promise<Answer> {
    const seconds = await wait(build, error);
    if (seconds !== undefined) return { outcome: 'again', seconds };
    await failBuild(build, { outcome: 'failed', error });
    return { outcome: 'ended', seconds: 0 };
  };
}

const run = once(() => {
  const services = { builds: openBuilds(), projects: openProjects(), records: openRecords() };
  return createFail({
    wait: createWaitForAttempt({ ...services, quota: openBuildQuota(), inFlight: openBuildsInFlight() }),
    failBuild: createFailBuild({ ...services, recordBases: openRecordBases() }),
  });
});

export function handler(input: unknown): Promise<Answer> {
  return run()(inputSchema.parse(input));
}
