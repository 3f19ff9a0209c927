import type { Project } from '../model/project.ts';
import type { PushTrigger } from '../model/trigger.ts';
import { isVersionTag } from './version-tag.ts';

/** The projects that a push concerns: those that track its repository and branch, or build its version tags. */
export function planPush(
  { source, ref }: Pick<PushTrigger, 'source' | 'ref'>,
  tracking: Project[],
): { projects: Project[] } | { ignored: string } {
  const active = tracking.filter((project) => project.active);
  if (active.length === 0) return { ignored: `no entry of the index tracks ${source}` };
  const projects = active.filter((project) => buildsRef(project, ref));
  if (projects.length > 0) return { projects };
  if (!ref.startsWith('refs/tags/')) return { ignored: `no entry of the index tracks ${ref} of ${source}` };
  return {
    ignored: isVersionTag(ref)
      ? `no entry of the index builds the version tags of ${source}`
      : `${ref} is not a version like v1.2.3, 1.2.3 or 1.2.3-rc.1`,
  };
}

/**
 * Whether a push to a ref is built for a project. Entries that share a release repository would all put the same version tags on their
 * images, so they build version tags only where the entry says so (`versionTags`).
 */
export function buildsRef(project: Project, ref: string): boolean {
  if (ref === `refs/heads/${project.gitBranch}`) return true;
  return (project.versionTags ?? !project.sharesRepository) && isVersionTag(ref);
}
