import { PackageURL } from 'packageurl-js';
import { type Purl, purlSchema } from '../model/purl.ts';

const longestPurl = 4000;

/** Reads a package URL; undefined for what is none, or hides something from who reads it. */
export function parsePurl(text: string): Purl | undefined {
  if (text.length > longestPurl) return undefined;
  try {
    return normalized(PackageURL.fromString(text));
  } catch {
    // The library throws plain errors at whatever is no package URL.
    return undefined;
  }
}

/** The package URL of parts that somebody else names; undefined where they are none together. */
export function purlOf({ type, namespace, name, version, qualifiers }: Purl): Purl | undefined {
  try {
    return normalized(new PackageURL(type, namespace, name, version, qualifiers));
  } catch {
    return undefined;
  }
}

export function purlText({ type, namespace, name, version, qualifiers, subpath }: Purl): string {
  return new PackageURL(type, namespace, name, version, qualifiers, subpath).toString();
}

/** As the rules of the package's type say it, where the library does not go all the way. */
function normalized({ type, namespace, name, version, qualifiers, subpath }: PackageURL): Purl | undefined {
  // The epoch is a qualifier of rpm's; some write it where rpm itself does.
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

/** Whether packages of this type are somebody's, a distribution's, and are not named in full without it. */
export function isOfDistribution({ type }: Purl): boolean {
  return ['deb', 'rpm', 'apk', 'alpm'].includes(type);
}

/** The package as scanners call it: with its scope, path or group in the languages where that is a part of the name. */
export function packageNameOf({ type, namespace, name }: Purl): string {
  if (!namespace) return name;
  if (type === 'maven') return `${namespace}:${name}`;
  return ['npm', 'golang', 'composer', 'swift'].includes(type) ? `${namespace}/${name}` : name;
}

/** The version as scanners write it: rpm's epoch is a part of it. */
export function packageVersionOf({ version, qualifiers: { epoch = '0' } = {} }: Purl): string | undefined {
  return version && epoch !== '0' ? `${epoch}:${version}` : version;
}
