import { type Build, isBranch, isReleasable } from '../model/build.ts';
import { isTracked, type Project } from '../model/project.ts';
import { isBefore } from '../sources/head-order.ts';

/** The end of a candidate that passed and is not released. */
export interface EndWithoutRelease {
  status: 'unchanged' | 'superseded';
  /** The build that took its place, where one did. */
  by?: string;
}

/**
 * Whether a candidate that passed ends before its release has begun. A pull request is judged only, and so is what stands on no branch and
 * no tag. A build without the lease of its ref is superseded, and so is one of a branch that the entry does not track any more.
 * @param leaseHolder the build that has the lease of the ref
 */
export function endBeforeRelease(
  { id, cause, ref, status }: Pick<Build, 'id' | 'cause' | 'ref' | 'status'>,
  project: Pick<Project, 'gitBranch'>,
  leaseHolder: string | undefined,
): EndWithoutRelease | undefined {
  if (cause.type === 'pull-request' || !isReleasable(ref)) return { status: 'unchanged' };
  // One that may have moved a tag is left to its end.
  if (status === 'releasing') return undefined;
  if (leaseHolder !== undefined && leaseHolder !== id) return { status: 'superseded', by: leaseHolder };
  return isBranch(ref) && !isTracked(project, ref) ? { status: 'superseded' } : undefined;
}

interface Known {
  build: Pick<Build, 'id' | 'sequence' | 'headAt'>;
  /** The digest of its candidate. */
  digest: string;
  /** The tags that its release would move. */
  floating: readonly string[];
  /** What its ref released last. */
  last: (Pick<Build, 'sequence' | 'headAt'> & { build: string; digest: string; tags: readonly string[] }) | undefined;
  /** Whether the two images hold the same, where somebody has looked. */
  isSameContent?: boolean;
}

export type ReleaseDecision =
  | { do: 'release' }
  /** To be decided once it is known whether the image holds the same as this one. */
  | { do: 'compare'; with: string }
  | { do: 'end'; end: EndWithoutRelease };

/**
 * What a candidate that passed becomes, once no other release of the project is under way. An older head never takes a tag from a newer one;
 * what would give the same tags to the same image is no release.
 */
export function decideRelease({ build, digest, floating, last, isSameContent }: Known): ReleaseDecision {
  if (!last || last.build === build.id) return { do: 'release' };
  if (isBefore(build, last)) return { do: 'end', end: { status: 'superseded', by: last.build } };
  if (!floating.every((tag) => last.tags.includes(tag))) return { do: 'release' };
  const isSame = last.digest === digest || isSameContent;
  if (isSame === undefined) return { do: 'compare', with: last.digest };
  return isSame ? { do: 'end', end: { status: 'unchanged' } } : { do: 'release' };
}
