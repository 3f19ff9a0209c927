import type { InstalledPackage } from '../model/package-list.ts';

/** https://www.debian.org/doc/debian-policy/ch-controlfields.html */
export function parseDpkgStatus(text: string): InstalledPackage[] {
  return paragraphs(text).flatMap((paragraph) => {
    const field = fieldsOf(paragraph);
    const [name, version, architecture = 'all'] = [field('Package'), field('Version'), field('Architecture')];
    // Images without dpkg itself have one file for each package, without its status.
    const status = field('Status');
    const isInstalled = status === undefined || / (?:installed|triggers-pending|triggers-awaited)$/.test(status);
    if (!name || !version || !isInstalled) return [];
    // `Source: glibc (2.36-9)`: the source's version is written only if it differs.
    const [, sourceName = name, sourceVersion = version] =
      /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(field('Source') ?? '') ?? [];
    return [
      {
        name,
        version,
        architecture,
        ...sourceOf({ name, version }, { name: sourceName, version: sourceVersion }),
        held: status?.startsWith('hold ') ? (true as const) : undefined,
      },
    ];
  });
}

/** https://wiki.alpinelinux.org/wiki/Apk_spec */
export function parseApkInstalled(text: string): InstalledPackage[] {
  return paragraphs(text).flatMap((paragraph) => {
    const field = fieldsOf(paragraph);
    const [name, version, architecture] = [field('P'), field('V'), field('A')];
    if (!name || !version || !architecture) return [];
    return [{ name, version, architecture, ...sourceOf({ name, version }, { name: field('o') || name, version }) }];
  });
}

export interface RpmPackage {
  name: string;
  epoch: string;
  version: string;
  release: string;
  architecture: string;
  /** `bash-5.1.8-6.el9.src.rpm` */
  sourceFile: string;
}

/** The name of entries that are not packages but the keys that sign them. */
const rpmKeys = 'gpg-pubkey';

export function rpmPackages(found: readonly RpmPackage[]): InstalledPackage[] {
  return found
    .filter(({ name }) => name !== rpmKeys)
    .map(({ name, epoch, version, release, architecture, sourceFile }) => {
      const prefix = epoch === '' || epoch === '0' ? '' : `${epoch}:`;
      const full = `${prefix}${version}-${release}`;
      const [, sourceName = name, sourceVersion = ''] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(sourceFile) ?? [];
      const source = { name: sourceName, version: sourceVersion === '' ? full : `${prefix}${sourceVersion}` };
      return { name, version: full, architecture, ...sourceOf({ name, version: full }, source) };
    });
}

/** `ID` and `VERSION_ID`. https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
export function parseOsRelease(text: string): { id: string; version?: string } | undefined {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}=(["']?)(.*)\\1[ \\t]*$`, 'm').exec(text)?.[2];
  const [id, version] = [value('ID'), value('VERSION_ID')];
  if (!id) return undefined;
  return version ? { id, version } : { id };
}

/** The architecture of most packages. */
export function mainArchitecture(packages: readonly InstalledPackage[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { architecture } of packages) {
    if (!isForEveryArchitecture(architecture)) counts.set(architecture, (counts.get(architecture) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}

export function isForEveryArchitecture(architecture: string): boolean {
  return architecture === 'all' || architecture === 'noarch';
}

function sourceOf(
  binary: { name: string; version: string },
  source: { name: string; version: string },
): Pick<InstalledPackage, 'source'> {
  return source.name === binary.name && source.version === binary.version ? {} : { source };
}

function paragraphs(text: string): string[] {
  return text.replaceAll('\r\n', '\n').split(/\n{2,}/);
}

/** Reads the first line of each field, because the fields in use have only one. */
function fieldsOf(paragraph: string): (name: string) => string | undefined {
  const fields = new Map<string, string>();
  for (const line of paragraph.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !fields.has(line.slice(0, colon))) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return (name) => fields.get(name);
}
