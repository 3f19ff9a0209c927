import { closingStatus, type UnplannedEnd } from '../../core/builds/build-end.ts';
import { cancellationOf, failureOf } from '../../core/builds/failure.ts';
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
export function createFailBuild({ builds, projects, records, recordBases }: Services) {
  /** @param end with the outcome `cancelled` if an operator stopped the build; errors that the stop caused are then not reported */
  return async function failBuild(id: string, { outcome, error }: UnplannedEnd): Promise<void> {
    const build = await builds.require(id);
    const result = outcome === 'failed' ? await readResult(records, id) : undefined;
    const failure = outcome === 'failed' ? failureOf(result, error) : cancellationOf(error);
    // A base that is missing or unusable may be replaced: the project is rebuilt when it changes.
    if (result?.outcome === 'failed' && !build.candidate) await recordBases?.(build, result);
    const status = closingStatus(build, outcome);
    await builds.close(
      build,
      status,
      status === outcome ? { failure, authored: result?.authored ?? build.authored } : {},
    );
    if (build.stages.release) await projects.yieldRelease(build.project, id);
  };
}

export type FailBuild = ReturnType<typeof createFailBuild>;
