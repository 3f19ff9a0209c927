import type { InstalledPackage, InstalledPackages, PackageManager } from '../model/package-list.ts';
import { isForEveryArchitecture } from './databases.ts';
import { versionOrder } from './version-order.ts';

export interface PackageUpdate {
  package: string;
  installed: string;
  available: string;
}

/** One file of a repository's metadata. */
export interface AvailablePackages {
  /** By `availableKey`: the highest version. */
  versions: ReadonlyMap<string, string>;
  /**
   * Whether the package manager takes newer versions from here by itself: `upgrades` only of what it has nowhere else (backports),
   * `never` only of what is asked for.
   */
  isOffered: 'always' | 'upgrades' | 'never';
}

/** Alpine's index says an architecture where the installed package says `noarch`: there the name is all. */
export function availableKey(manager: PackageManager, name: string, architecture: string): string {
  return manager === 'apk' ? name : `${name} ${architecture}`;
}

/**
 * A modular package is an update only where its stream is enabled, which the repository does not say. Without them no image is rebuilt
 * for a version that dnf would not take. https://docs.fedoraproject.org/en-US/modularity/
 */
export function isModular(version: string): boolean {
  return /\.module[_+]/.test(version);
}

/** What the image's package manager would bring to a newer version, by name. Older versions are no updates, nor is what is held. */
export function updatesOf(contents: InstalledPackages, available: readonly AvailablePackages[]): PackageUpdate[] {
  const { manager, architecture } = contents;
  const compare = versionOrder(manager);
  const highest = (versions: Iterable<string>) =>
    [...versions].reduce<string | undefined>(
      (best, version) => (best === undefined || compare(version, best) > 0 ? version : best),
      undefined,
    );
  const offeredOf = (each: InstalledPackage, isOffered: AvailablePackages['isOffered']) => {
    const keys = architecturesOf(each, architecture).map((one) => availableKey(manager, each.name, one));
    return highest(
      available
        .filter((file) => file.isOffered === isOffered)
        .flatMap(({ versions }) => keys.flatMap((key) => versions.get(key) ?? [])),
    );
  };

  const updates: PackageUpdate[] = [];
  for (const each of newestInstalled(contents, compare)) {
    if (each.held || isModular(each.version)) continue;
    const usual = offeredOf(each, 'always');
    // Another repository's lower priority counts only where the usual ones do not have even what is installed.
    const isUsual = usual !== undefined && compare(usual, each.version) >= 0;
    const offered = isUsual ? usual : offeredOf(each, 'upgrades');
    if (offered !== undefined && compare(offered, each.version) > 0) {
      updates.push({ package: each.name, installed: each.version, available: offered });
    }
  }
  return updates.sort((one, other) => (one.package < other.package ? -1 : 1));
}

/** Of what is installed in several versions at once, as kernels are, the newest. */
function newestInstalled({ packages }: InstalledPackages, compare: (one: string, other: string) => number) {
  const newest = new Map<string, InstalledPackage>();
  for (const each of packages) {
    const key = `${each.name} ${each.architecture}`;
    const known = newest.get(key);
    if (!known || compare(each.version, known.version) > 0) newest.set(key, each);
  }
  return newest.values();
}

/** A package may be for one architecture today and for all of them tomorrow. */
function architecturesOf({ architecture }: InstalledPackage, main: string): string[] {
  if (isForEveryArchitecture(architecture)) return [architecture, main];
  return architecture === main ? [main, 'all', 'noarch'] : [architecture];
}
