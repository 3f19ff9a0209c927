import parse from 'semver/functions/parse.js';
import rsort from 'semver/functions/rsort.js';

/** The highest version among an image's tags; undefined if there is none. A prerelease counts only where nothing else is a version. */
export function highestVersion(tags: readonly string[]): string | undefined {
  const versions = tags.flatMap((tag) => parse(tag) ?? []);
  const released = versions.filter(({ prerelease }) => prerelease.length === 0);
  return rsort(released.length > 0 ? released : versions)[0]?.version;
}
