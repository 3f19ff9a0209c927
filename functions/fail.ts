import { executionErrorSchema } from '../core/builds/failure.ts';
import { once } from '../core/once.ts';
import { openRecords } from '../services/records/records.ts';
import { openBuildQuota } from '../services/tables/build-quota.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openBuildsInFlight } from '../services/tables/builds-in-flight.ts';
import { openProjects } from '../services/tables/projects.ts';
import { openRecordBases } from './bases/record-bases.ts';
import { createFail } from './builds/fail-build.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { createWait } from './builds/wait-for-attempt.ts';

const inputSchema = stepInputSchema.extend({ error: executionErrorSchema });

interface Answer {
  /** `again`: the state machine waits, and runs the build once more. */
  outcome: 'ended' | 'again';
  seconds: number;
}

const run = once(() => {
  const services = { builds: openBuilds(), projects: openProjects(), records: openRecords() };
  return {
    wait: createWait({ ...services, quota: openBuildQuota(), inFlight: openBuildsInFlight() }),
    fail: createFail({ ...services, recordBases: openRecordBases() }),
  };
});

export async function handler(input: unknown): Promise<Answer> {
  const { build, error } = inputSchema.parse(input);
  const { wait, fail } = run();
  const seconds = await wait(build, error);
  if (seconds !== undefined) return { outcome: 'again', seconds };
  await fail(build, { outcome: 'failed', error });
  return { outcome: 'ended', seconds: 0 };
}
