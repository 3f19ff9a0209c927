import { cancellationOf, type ExecutionError, failureOf } from '../../core/builds/failure.ts';
import type { BuildResult } from '../../core/model/builder-contract.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { Records } from '../../services/records/records.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { RecordBases } from '../bases/record-bases.ts';

interface Services {
  builds: Pick<Builds, 'require' | 'close'>;
  projects: Pick<Projects, 'yieldRelease'>;
  records: Pick<Records, 'result'>;
  /** Absent where a build is ended from outside the machine: its builder has left no result. */
  recordBases?: RecordBases;
}

/** What the builder reported. A result that cannot be read must not keep the build from being ended. */
export async function readResult(records: Pick<Records, 'result'>, id: string): Promise<BuildResult | undefined> {
  try {
    return await records.result(id);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { outcome: 'failed', error: error.name, message: error.message };
  }
}

/** Ends a build as failed, with the best known reason. A build that has ended stays as it is. */
export function createFail({ builds, projects, records, recordBases }: Services) {
  /** @param outcome `cancelled` if somebody stopped the build; errors that the stop caused are then not reported */
  return async function fail(
    id: string,
    error: ExecutionError,
    outcome: 'failed' | 'cancelled' = 'failed',
  ): Promise<void> {
    const build = await builds.require(id);
    const result = outcome === 'failed' ? await readResult(records, id) : undefined;
    const failure = outcome === 'failed' ? failureOf(result, error) : cancellationOf(error);
    // A base that is missing or unusable may be replaced: the project is rebuilt when it changes.
    if (result?.outcome === 'failed' && !build.candidate) await recordBases?.(build, result);
    // A build with all its tags set is released, whatever went wrong after that.
    if (build.image) await builds.close(build, 'released');
    else await builds.close(build, outcome, { failure });
    if (build.stages.release) await projects.yieldRelease(build.project, id);
  };
}

export type Fail = ReturnType<typeof createFail>;
