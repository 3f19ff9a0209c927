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
   * Whether the package manager takes newer versions from here by itself. `upgrades`: only for packages whose installed version no `always`
   * file offers (backports). `never`: only on explicit request.
   */
  isOffered: 'always' | 'upgrades' | 'never';
}

/** On Alpine the key is the name alone, because its index gives an architecture where the installed package has `noarch`. */
export function availableKey(manager: PackageManager, name: string, architecture: string): string {
  return manager === 'apk' ? name : `${name} ${architecture}`;
}

/**
 * A modular package is an update only if its stream is enabled, which the repository does not say. They are left out, so that no image is
 * rebuilt for a version that dnf would not install. https://docs.fedoraproject.org/en-US/modularity/
 */
export function isModular(version: string): boolean {
  return /\.module[_+]/.test(version);
}

/** The packages that the image's package manager would update, sorted by name. Held packages and older versions are left out. */
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
    // Repositories of lower priority count only if the usual ones do not even have the installed version.
    const isUsual = usual !== undefined && compare(usual, each.version) >= 0;
    const offered = isUsual ? usual : offeredOf(each, 'upgrades');
    if (offered !== undefined && compare(offered, each.version) > 0) {
      updates.push({ package: each.name, installed: each.version, available: offered });
    }
  }
  return updates.sort((one, other) => (one.package < other.package ? -1 : 1));
}

/** The newest version of each package; kernels, for example, are installed in several versions at once. */
function newestInstalled({ packages }: InstalledPackages, compare: (one: string, other: string) => number) {
  const newest = new Map<string, InstalledPackage>();
  for (const each of packages) {
    const key = `${each.name} ${each.architecture}`;
    const known = newest.get(key);
    if (!known || compare(each.version, known.version) > 0) newest.set(key, each);
  }
  return newest.values();
}

/** The architectures in which a newer version may appear: a package can change from one architecture to all, or back. */
function architecturesOf({ architecture }: InstalledPackage, main: string): string[] {
  if (isForEveryArchitecture(architecture)) return [architecture, main];
  return architecture === main ? [main, 'all', 'noarch'] : [architecture];
}
