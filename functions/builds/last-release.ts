import type { Build } from '../../core/model/build.ts';
import { isTracked } from '../../core/model/project.ts';
import { comparedRefs, lastReleaseOf } from '../../core/releases/last-release.ts';
import type { Heads, RefRelease } from '../../services/tables/heads.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';

type Release = RefRelease & { ref: string };

/** The last release of a ref. */
export async function lastRelease(
  heads: Pick<Heads, 'get'>,
  project: ProjectRecord,
  ref: string,
): Promise<Release | undefined> {
  const ofRef = isTracked(project, ref) ? undefined : (await heads.get(project.name, ref))?.released;
  return lastReleaseOf(project, ref, ofRef);
}

/** The release that a build's image is compared to; undefined if there is none, or if this build made it. */
export async function releaseBefore(
  heads: Pick<Heads, 'get'>,
  project: ProjectRecord,
  { id, ref }: Pick<Build, 'id' | 'ref'>,
): Promise<Release | undefined> {
  for (const each of comparedRefs(project, ref)) {
    const release = await lastRelease(heads, project, each);
    if (release) return release.build === id ? undefined : release;
  }
  return undefined;
}
