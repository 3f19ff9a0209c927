import type { InstalledPackage } from '../model/package-list.ts';

type Installed = Pick<InstalledPackage, 'name' | 'architecture' | 'version'>;

export interface PackageChanges {
  added: Installed[];
  removed: Installed[];
  updated: { name: string; architecture: string; before: string; after: string }[];
}

/**
 * What differs between the packages of two images, by name. Several packages may have one name: one for each architecture, or several
 * versions side by side (kernels). Packages that both images have are not a change. If one remains on each side, it was updated; all others
 * were added or removed, because it is not certain which belong together.
 */
export function packageChanges(before: readonly Installed[], after: readonly Installed[]): PackageChanges {
  const changes: PackageChanges = { added: [], removed: [], updated: [] };
  const [old, recent] = [byName(before), byName(after)];
  for (const name of [...new Set([...old.keys(), ...recent.keys()])].sort()) {
    const { removed, added } = changesOfName(old.get(name) ?? [], recent.get(name) ?? [], changes.updated);
    changes.removed.push(...removed);
    changes.added.push(...added);
  }
  return changes;
}

/** Compares the packages of one name: adds updates to `updated`, and returns the rest. */
function changesOfName(before: readonly Installed[], after: readonly Installed[], updated: PackageChanges['updated']) {
  const [removed, added] = [unlike(before, after), unlike(after, before)];
  const rest = { removed: [] as Installed[], added: [] as Installed[] };
  const [old, recent] = [byArchitecture(removed), byArchitecture(added)];
  for (const architecture of new Set([...old.keys(), ...recent.keys()])) {
    const [from, to] = [old.get(architecture) ?? [], recent.get(architecture) ?? []];
    if (!addUpdate(from, to, updated)) {
      rest.removed.push(...from);
      rest.added.push(...to);
    }
  }
  // A package that changed from one architecture to `all`, or back, is still the same package.
  return addUpdate(rest.removed, rest.added, updated) ? { removed: [], added: [] } : rest;
}

function addUpdate(
  [before, ...othersBefore]: readonly Installed[],
  [after, ...othersAfter]: readonly Installed[],
  updated: PackageChanges['updated'],
): boolean {
  if (!before || !after || othersBefore.length > 0 || othersAfter.length > 0) return false;
  updated.push({
    name: after.name,
    architecture: after.architecture,
    before: before.version,
    after: after.version,
  });
  return true;
}

/** The packages that are not among the others. */
function unlike(packages: readonly Installed[], others: readonly Installed[]): Installed[] {
  const key = ({ architecture, version }: Installed) => `${architecture} ${version}`;
  const known = new Set(others.map(key));
  return [...new Map(packages.map((each) => [key(each), each])).values()]
    .filter((each) => !known.has(key(each)))
    .map(({ name, architecture, version }) => ({ name, architecture, version }));
}

const byName = (packages: readonly Installed[]) => Map.groupBy(packages, ({ name }) => name);
const byArchitecture = (packages: readonly Installed[]) => Map.groupBy(packages, ({ architecture }) => architecture);

/**
 * Whether packages are unchanged between two images: all packages with that name, and all built from a source package with that name,
 * because vulnerability databases use either name.
 */
export function unchangedPackages(
  before: readonly InstalledPackage[],
  after: readonly InstalledPackage[],
): (name: string) => boolean {
  const [old, recent] = [versionsByName(before), versionsByName(after)];
  return (name) => {
    const versions = recent.get(name);
    const others = old.get(name);
    return versions !== undefined && others?.size === versions.size && [...versions].every((each) => others.has(each));
  };
}

function versionsByName(packages: readonly InstalledPackage[]): Map<string, Set<string>> {
  const versions = new Map<string, Set<string>>();
  for (const { name, source, architecture, version } of packages) {
    for (const known of new Set([name, source?.name ?? name])) {
      const set = versions.get(known) ?? new Set();
      versions.set(known, set.add(`${name} ${architecture} ${version}`));
    }
  }
  return versions;
}
