import type { Build } from '../../core/model/build.ts';
import { isReleasable } from '../../core/model/build.ts';
import { isTracked } from '../../core/model/project.ts';
import type { Heads, RefRelease } from '../../services/tables/heads.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';

type Release = RefRelease & { ref: string };

/** The last release of a ref. That of the tracked branch is in the project's record. */
export async function lastRelease(
  heads: Pick<Heads, 'get'>,
  project: ProjectRecord,
  ref: string,
): Promise<Release | undefined> {
  const tracked = isTracked(project, ref);
  const released = tracked ? project.released : (await heads.get(project.name, ref))?.released;
  // The project tracked another branch then: that release says nothing about this branch.
  const isOther = tracked && project.released?.ref !== undefined && project.released.ref !== ref;
  return released && !isOther ? { ...released, ref } : undefined;
}

/**
 * The release that a build's image is compared to: the last one of its ref. A ref that has released nothing, or never does (a pull request,
 * a new version tag), is compared to the tracked branch.
 */
export async function releaseBefore(
  heads: Pick<Heads, 'get'>,
  project: ProjectRecord,
  { id, ref }: Pick<Build, 'id' | 'ref'>,
): Promise<Release | undefined> {
  const own = isReleasable(ref) ? await lastRelease(heads, project, ref) : undefined;
  const release = own ?? (await lastRelease(heads, project, `refs/heads/${project.gitBranch}`));
  return release?.build === id ? undefined : release;
}
