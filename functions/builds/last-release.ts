import type { Build } from '../../core/model/build.ts';
import { isReleasable } from '../../core/model/build.ts';
import { isTracked } from '../../core/model/project.ts';
import type { Heads, RefRelease } from '../../services/tables/heads.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';

type Release = RefRelease & { ref: string };

/** What a ref released last. Of the tracked branch that stands with the project. */
export async function lastRelease(
  heads: Pick<Heads, 'get'>,
  project: ProjectRecord,
  ref: string,
): Promise<Release | undefined> {
  const tracked = isTracked(project, ref);
  const released = tracked ? project.released : (await heads.get(project.name, ref))?.released;
  // Of another branch, it says nothing of this one.
  const isOther = tracked && project.released?.ref !== undefined && project.released.ref !== ref;
  return released && !isOther ? { ...released, ref } : undefined;
}

/**
 * The release that people hold a build's image against: what its ref released last. A ref that has released nothing, or never
 * does (a pull request, a new version tag), is held against the tracked branch.
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
