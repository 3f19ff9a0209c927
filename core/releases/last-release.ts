import { isReleasable } from '../model/build.ts';
import { isTracked, type Project } from '../model/project.ts';

/** The refs whose last release a build's image may be compared to, the preferred one first. */
export function comparedRefs(project: Pick<Project, 'gitBranch'>, ref: string): string[] {
  const tracked = `refs/heads/${project.gitBranch}`;
  // A ref that has released nothing, or never does (a pull request, a new version tag), is compared to the tracked branch.
  return [...new Set([...(isReleasable(ref) ? [ref] : []), tracked])];
}

/**
 * The last release of a ref. That of the tracked branch is in the project's record, any other at the head of its ref.
 * @param ofRef the release at the head of the ref
 */
export function lastReleaseOf<Release extends object>(
  project: Pick<Project, 'gitBranch'> & { released?: (Release & { ref?: string | undefined }) | undefined },
  ref: string,
  ofRef: Release | undefined,
): (Release & { ref: string }) | undefined {
  if (!isTracked(project, ref)) return ofRef && { ...ofRef, ref };
  const { released } = project;
  // If the project tracked another branch then, that release says nothing about this branch.
  if (!released || (released.ref !== undefined && released.ref !== ref)) return undefined;
  return { ...released, ref };
}
