import type { SemVer } from 'semver';
import parse from 'semver/functions/parse.js';

export const tagPrefix = 'refs/tags/';

/** The version that a git tag names: `v1.2.3`, `1.2.3`, `1.2.3-rc.1`. Undefined for any other ref. */
export function versionOf(ref: string): SemVer | undefined {
  return ref.startsWith(tagPrefix) ? (parse(ref.slice(tagPrefix.length)) ?? undefined) : undefined;
}

export function isVersionTag(ref: string): boolean {
  return versionOf(ref) !== undefined;
}
