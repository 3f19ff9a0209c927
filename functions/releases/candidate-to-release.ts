import type { Build } from '../../core/model/build.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { type EndWithoutRelease, endBeforeRelease } from '../../core/releases/release-decision.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';

/** A build whose candidate passed. */
export type PassedBuild = Build & {
  candidate: NonNullable<Build['candidate']>;
  verdict: NonNullable<Build['verdict']>;
};

export interface CandidateToRelease {
  build: PassedBuild;
  project: ProjectRecord;
  /** Why it is not released although it passed. */
  early: EndWithoutRelease | undefined;
}

/**
 * What is signed and released: an image that has a verdict of pass, and no other.
 * @throws RecordConflictError
 */
export async function candidateToRelease(
  { projects, heads }: { projects: Pick<Projects, 'get'>; heads: Pick<Heads, 'get'> },
  build: Build,
): Promise<CandidateToRelease> {
  if (!hasPassed(build)) throw new RecordConflictError(`Build ${build.id} has no verdict of pass: it is not released.`);
  // Different functions write the two, so that neither can release an image alone.
  if (build.verdict.digest !== build.candidate.digest) {
    throw new RecordConflictError(`The verdict of pass on build ${build.id} is on another image: it is not released.`);
  }
  const project = await projects.get(build.project);
  if (!project) throw new RecordConflictError(`There is no project ${build.project}.`);
  const early = endBeforeRelease(build, project, (await heads.get(build.project, build.ref))?.build);
  return { build, project, early };
}

function hasPassed(build: Build): build is PassedBuild {
  return build.verdict?.outcome === 'pass' && build.candidate !== undefined;
}
