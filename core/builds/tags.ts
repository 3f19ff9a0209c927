import type { SemVer } from 'semver';
import gte from 'semver/functions/gte.js';
import parse from 'semver/functions/parse.js';
import type { Build } from '../model/build.ts';
import type { Project } from '../model/project.ts';
import { tagPrefix, versionOf } from '../sources/version-tag.ts';

/**
 * The release's tag that never moves: `build-20261121T010203Z-1a2b3c4`. It is sortable, so that Flux and Argo can order releases. The
 * registry refuses to move `build-*`.
 * @param attempt the seconds to add, because another image of the repository already has the earlier tags
 */
export function immutableTag(build: Pick<Build, 'createdAt' | 'commit'>, attempt = 0): string {
  const time = new Date(Date.parse(build.createdAt) + attempt * 1000).toISOString();
  return `build-${time.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${build.commit.slice(0, 7)}`;
}

/** The version in an image's labels: that of the git tag, else the desired tag of the index. */
export function imageVersion({ desiredTag }: Pick<Project, 'desiredTag'>, ref: string): string {
  return versionOf(ref)?.version ?? desiredTag;
}

/**
 * The tags that a release moves, by the rules of docker/metadata-action. A branch gets the desired tag, the entry's extra tags, its name
 * and the commit. A version tag `v1.2.3` gets `1.2.3`, `1.2`, `1` and, if no other version is higher, `latest`; a prerelease gets its
 * own tag only. Where entries share a repository, only the entry whose desired tag is `latest` moves `latest`.
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
    const other = parse(tag);
    return other && other.prerelease.length === 0 ? [other] : [];
  });
  const highestOf = (line: SemVer[]) => line.every((other) => gte(version, other));
  return [
    version.version,
    ...(highestOf(released.filter((other) => other.major === major && other.minor === minor))
      ? [`${major}.${minor}`]
      : []),
    ...(highestOf(released.filter((other) => other.major === major)) ? [`${major}`] : []),
    ...(highestOf(released) ? ['latest'] : []),
  ];
}

/** A ref's name as a tag: characters that a tag cannot contain become `-`, as in docker/metadata-action. */
function tagText(name: string): string {
  return name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 128);
}
