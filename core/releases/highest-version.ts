import semver from 'semver';

/** The highest version among an image's tags; undefined if there is none. A prerelease counts only where nothing else is a version. */
export function highestVersion(tags: readonly string[]): string | undefined {
  const versions = tags.flatMap((tag) => semver.parse(tag) ?? []);
  const released = versions.filter(({ prerelease }) => prerelease.length === 0);
  return semver.rsort(released.length > 0 ? released : versions)[0]?.version;
}
