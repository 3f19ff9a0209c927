import semver from 'semver';
import type { Build } from '../model/build.ts';
import type { Project } from '../model/project.ts';
import { tagPrefix, versionOf } from '../sources/version-tag.ts';

/**
 * The one tag of a release that never moves: `build-20261121T010203Z-1a2b3c4`. Sortable, so that Flux and Argo can order it; the
 * registry itself refuses to move `build-*`.
 * @param attempt how many seconds to add because another image of the repository has the tag already
 */
export function immutableTag(build: Pick<Build, 'createdAt' | 'commit'>, attempt = 0): string {
  const time = new Date(Date.parse(build.createdAt) + attempt * 1000).toISOString();
  return `build-${time.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${build.commit.slice(0, 7)}`;
}

/** What an image says its version is: that of the git tag, else the tag that the index asks for. */
export function imageVersion({ desiredTag }: Pick<Project, 'desiredTag'>, ref: string): string {
  return versionOf(ref)?.version ?? desiredTag;
}

/**
 * The tags that a release moves, as docker/metadata-action gives them: for a branch the desired tag, the entry's extra tags, the branch and the commit; for
 * a version tag `v1.2.3` the tags `1.2.3`, `1.2`, `1` and, if no other version is higher, `latest`. Prereleases have their own tag only.
 * `latest` of a repository that entries share is that of the entry which asks for it.
 * @param versions the versions that the repository has tags for
 */
export function floatingTags(
  project: Pick<Project, 'desiredTag' | 'extraTags' | 'sharesRepository'>,
  build: Pick<Build, 'ref' | 'commit'>,
  versions: string[],
): string[] {
  const { desiredTag, extraTags = [], sharesRepository } = project;
  const tags = build.ref.startsWith(tagPrefix)
    ? versionTags(build.ref, versions).filter((tag) => tag !== 'latest' || !sharesRepository || desiredTag === 'latest')
    : [desiredTag, ...extraTags, ...(sharesRepository ? [] : [tagText(build.ref.replace(/^refs\/heads\//, ''))])];
  if (!sharesRepository) tags.push(`sha-${build.commit}`);
  return [...new Set(tags)].filter((tag) => tag !== '' && !tag.startsWith('build-'));
}

function versionTags(ref: string, versions: string[]): string[] {
  const version = versionOf(ref);
  if (!version) return [tagText(ref.slice(tagPrefix.length))];
  if (version.prerelease.length > 0) return [tagText(version.version)];
  const { major, minor } = version;
  const released = versions.flatMap((tag) => {
    const other = semver.parse(tag);
    return other && other.prerelease.length === 0 ? [other] : [];
  });
  const highestOf = (line: semver.SemVer[]) => line.every((other) => semver.gte(version, other));
  return [
    version.version,
    ...(highestOf(released.filter((other) => other.major === major && other.minor === minor))
      ? [`${major}.${minor}`]
      : []),
    ...(highestOf(released.filter((other) => other.major === major)) ? [`${major}`] : []),
    ...(highestOf(released) ? ['latest'] : []),
  ];
}

/** A ref's name as a tag: what a tag cannot hold becomes `-`, as docker/metadata-action does it. */
function tagText(name: string): string {
  return name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 128);
}
