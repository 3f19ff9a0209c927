import { type ExecutionError, failureOf } from '../../core/builds/failure.ts';
import { laterAttempt } from '../../core/builds/later-attempt.ts';
import type { Records } from '../../services/records/records.ts';
import type { BuildQuota } from '../../services/tables/build-quota.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { BuildsInFlight } from '../../services/tables/builds-in-flight.ts';
import { readResult } from './fail-build.ts';

interface Services {
  builds: Pick<Builds, 'require' | 'wait'>;
  quota: Pick<BuildQuota, 'free'>;
  inFlight: Pick<BuildsInFlight, 'free'>;
  records: Pick<Records, 'result'>;
}

/** Makes a build wait if it failed because of something temporary. While it waits, other builds use its room in the quota. */
export function createWaitForAttempt({ builds, quota, inFlight, records }: Services) {
  /** In how many seconds the build runs again; undefined if it does not, or has ended. */
  return async function waitForAttempt(
    id: string,
    error: ExecutionError,
    now = new Date(),
  ): Promise<number | undefined> {
    const build = await builds.require(id);
    const failure = failureOf(await readResult(records, id), error);
    const waiting = laterAttempt(build, failure.error, now);
    if (!waiting || !(await builds.wait(id, waiting))) return undefined;
    await quota.free(build.project, [id]);
    await inFlight.free([build]);
    return Math.max(0, Math.ceil((Date.parse(waiting.until) - now.getTime()) / 1000));
  };
}

export type WaitForAttempt = ReturnType<typeof createWaitForAttempt>;
