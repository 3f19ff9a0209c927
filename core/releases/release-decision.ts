import { type Build, isBranch, isReleasable } from '../model/build.ts';
import { isTracked, type Project } from '../model/project.ts';

/** How a candidate ends that passed but is not released. */
export interface EndWithoutRelease {
  status: 'unchanged' | 'superseded';
  /** The build that superseded it, if one did. */
  by?: string;
}

/**
 * Whether a candidate that passed ends before its release begins. A pull request gets a verdict only, and so does a ref that is neither a
 * branch nor a tag. A build is superseded if another holds the lease of its ref, or if the entry no longer tracks its branch.
 * @param leaseHolder the build that holds the lease of the ref
 */
export function endBeforeRelease(
  { id, cause, ref, status }: Pick<Build, 'id' | 'cause' | 'ref' | 'status'>,
  project: Pick<Project, 'gitBranch'>,
  leaseHolder: string | undefined,
): EndWithoutRelease | undefined {
  if (cause.type === 'pull-request' || !isReleasable(ref)) return { status: 'unchanged' };
  // It may have moved a tag already, so its release must finish.
  if (status === 'releasing') return undefined;
  if (leaseHolder !== undefined && leaseHolder !== id) return { status: 'superseded', by: leaseHolder };
  return isBranch(ref) && !isTracked(project, ref) ? { status: 'superseded' } : undefined;
}

interface Known {
  build: Pick<Build, 'id' | 'headRevision'>;
  /** The tags that its release would move. */
  floating: readonly string[];
  /** The last release of its ref. */
  last: (Pick<Build, 'headRevision'> & { build: string; digest: string; tags: readonly string[] }) | undefined;
  /** Whether the registry still has that image, and the two have the same content; absent until they are compared. */
  isSameContent?: boolean;
}

export type ReleaseDecision =
  | { do: 'release' }
  /** To be decided once it is known whether the image has the same content as this one. */
  | { do: 'compare'; with: string }
  | { do: 'end'; end: EndWithoutRelease };

/**
 * Whether a candidate that passed is released, decided while no other release of the project is running. An older head never takes a tag
 * from a newer one, and a release that would give the same tags to the same content is not needed.
 */
export function decideRelease({ build, floating, last, isSameContent }: Known): ReleaseDecision {
  if (!last || last.build === build.id) return { do: 'release' };
  if ((build.headRevision ?? 0) < (last.headRevision ?? 0))
    return { do: 'end', end: { status: 'superseded', by: last.build } };
  if (!floating.every((tag) => last.tags.includes(tag))) return { do: 'release' };
  if (isSameContent === undefined) return { do: 'compare', with: last.digest };
  return isSameContent ? { do: 'end', end: { status: 'unchanged' } } : { do: 'release' };
}
