import compare from 'semver/functions/compare.js';
import * as z from 'zod';
import { describeCause } from '../builds/describe-build.ts';
import type { Build } from '../model/build.ts';
import type { DeployTarget } from '../model/deploy-target.ts';
import { isTracked, type Project } from '../model/project.ts';
import { immutableTagOf, isFloating } from '../releases/release.ts';
import { versionOf } from '../sources/version-tag.ts';

/** A release as a target gets it: what is written to the target, and what orders releases. */
export const deliverableSchema = z.object({
  build: z.string(),
  /** With the registry's host. */
  repository: z.string(),
  digest: z.string(),
  /** The tag that people read: the version, or else `build-…`. */
  tag: z.string(),
  /** All tags that the release got. */
  tags: z.array(z.string()),
  ref: z.string(),
  commit: z.string(),
  sourceUrl: z.string(),
  releasedAt: z.iso.datetime(),
  /** Why it was built, as a phrase. */
  why: z.string(),
});

/** Why a target gets a release. `by`: who asked for it, or the time that has passed. */
export const callSchema = z.object({
  type: z.enum(['release', 'promotion', 'rollback']),
  by: z.string().optional(),
});

export type Deliverable = z.infer<typeof deliverableSchema>;
export type Call = z.infer<typeof callSchema>;

/** The release that a build made; undefined if it made none. */
export function deliverableOf(build: Build): Deliverable | undefined {
  const { image, status, endedAt } = build;
  if (!image || status !== 'released' || endedAt === undefined) return undefined;
  const version = versionOf(build.ref)?.version;
  const tag = image.tags.find((each) => each === version) ?? immutableTagOf(image.tags) ?? image.tags.find(isFloating);
  if (tag === undefined) return undefined;
  const { id, ref, commit, sourceUrl, cause } = build;
  const { repository, digest } = image;
  return {
    build: id,
    repository,
    digest,
    tag,
    tags: image.tags,
    ref,
    commit,
    sourceUrl,
    releasedAt: endedAt,
    why: describeCause(cause),
  };
}

/** Whether a target gets the releases of a ref by itself. A prerelease of a version is promoted by hand only. */
export function isCalledBy(
  { on }: Pick<DeployTarget, 'on'>,
  project: Pick<Project, 'gitBranch'>,
  ref: string,
): boolean {
  if (on === 'branch') return isTracked(project, ref);
  const version = on === 'version' ? versionOf(ref) : undefined;
  return version !== undefined && version.prerelease.length === 0;
}

/** Whether a release is older than another: of two versions the lower one, otherwise what was released first. */
export function isOlder(one: Deliverable, other: Deliverable): boolean {
  const [a, b] = [versionOf(one.ref), versionOf(other.ref)];
  const order = a && b ? compare(a, b) : 0;
  return order === 0 ? one.releasedAt < other.releasedAt : order < 0;
}

export function isSameRelease(one: Deliverable, other: Deliverable): boolean {
  return one.digest === other.digest && one.tag === other.tag;
}
