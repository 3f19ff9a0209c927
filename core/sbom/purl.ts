import { PackageURL } from 'packageurl-js';
import { type Purl, purlSchema } from '../model/purl.ts';

const longestPurl = 4000;

/** Reads a package URL; undefined for a text that is none, or that contains characters a reader cannot see. */
export function parsePurl(text: string): Purl | undefined {
  if (text.length > longestPurl) return undefined;
  try {
    // A plus sign stands for itself; the library reads one in a qualifier as a blank, as forms do.
    return normalized(PackageURL.fromString(text.replaceAll('+', '%2B')));
  } catch {
    // The library throws plain errors for any text that is not a package URL.
    return undefined;
  }
}

/** The package URL made of parts from outside; undefined where they make none. */
export function purlOf({ type, namespace, name, version, qualifiers, subpath }: Purl): Purl | undefined {
  try {
    return normalized(new PackageURL(type, namespace, name, version, qualifiers, subpath));
  } catch {
    return undefined;
  }
}

export function purlText({ type, namespace, name, version, qualifiers, subpath }: Purl): string {
  return new PackageURL(type, namespace, name, version, qualifiers, subpath).toString();
}

/** Applies the rules of the package's type that the library does not apply. */
function normalized({ type, namespace, name, version, qualifiers, subpath }: PackageURL): Purl | undefined {
  // `pkg:deb/debian/@1.0` has a version, and no name.
  if (name.startsWith('@')) return undefined;
  // In package URLs of rpm the epoch is a qualifier; some tools write it into the version, as rpm does.
  const [, epoch, rest] = (type === 'rpm' && /^(\d+):(.+)$/.exec(version ?? '')) || [];
  return purlSchema.safeParse({
    type,
    namespace: namespace || undefined,
    // https://packaging.python.org/en/latest/specifications/name-normalization/
    name: type === 'pypi' ? name.replaceAll(/[-_.]+/g, '-') : name,
    version: (rest ?? version) || undefined,
    qualifiers: qualifiers || epoch ? { ...qualifiers, ...(epoch ? { epoch } : {}) } : undefined,
    subpath: subpath || undefined,
  }).data;
}

/** Whether packages of this type belong to a distribution, so that their name is incomplete without it. */
export function isOfDistribution({ type }: Purl): boolean {
  return ['deb', 'rpm', 'apk', 'alpm'].includes(type);
}

/** The package's name as scanners write it: with its scope, path or group where the language makes that part of the name. */
export function packageNameOf({ type, namespace, name }: Purl): string {
  if (!namespace) return name;
  if (type === 'maven') return `${namespace}:${name}`;
  return ['npm', 'golang', 'composer', 'swift'].includes(type) ? `${namespace}/${name}` : name;
}

/** The version as scanners write it: for rpm it includes the epoch. */
export function packageVersionOf({ version, qualifiers: { epoch = '0' } = {} }: Purl): string | undefined {
  return version && epoch !== '0' ? `${epoch}:${version}` : version;
}
