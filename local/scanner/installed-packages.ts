import type { Package } from './package.ts';
import { readRpmDatabase } from './rpm-database.ts';

const databases = {
  dpkg: /^var\/lib\/dpkg\/(?:status|status\.d\/[^/]+)$/,
  apk: /^(?:usr\/)?lib\/apk\/db\/installed$/,
  rpm: /^(?:var\/lib\/rpm|usr\/lib\/sysimage\/rpm|usr\/share\/rpm)\/rpmdb\.sqlite$/,
};

/** More than any distribution writes. */
const osReleaseLength = 64 * 1024;

const osRelease = ['etc/os-release', 'usr/lib/os-release'];

export type PackageManager = keyof typeof databases;

export function isWanted(path: string): boolean {
  return osRelease.includes(path) || Object.values(databases).some((database) => database.test(path));
}

export interface Installed {
  /** `ID` and `VERSION_ID` of os-release. */
  distribution: { id: string; version: string };
  manager: PackageManager;
  packages: Package[];
}

/** What is installed in an image; undefined if it does not say which distribution it is, or has no database that can be read. */
export function readInstalled(files: Map<string, Buffer>): Installed | undefined {
  const release = osRelease.map((path) => files.get(path)).find((content) => content !== undefined);
  const distribution = release === undefined ? undefined : parseOsRelease(release.toString('utf8'));
  if (distribution === undefined) return undefined;
  const contentsOf = (manager: PackageManager) =>
    [...files]
      .filter(([path]) => databases[manager].test(path) && !path.endsWith('.md5sums'))
      .map(([, content]) => content);

  const [dpkg, apk, rpm] = [contentsOf('dpkg'), contentsOf('apk'), contentsOf('rpm')];
  if (dpkg.length > 0) return { distribution, manager: 'dpkg', packages: dpkg.flatMap(parseDpkgStatus) };
  if (apk.length > 0) return { distribution, manager: 'apk', packages: apk.flatMap(parseApkInstalled) };
  if (rpm.length > 0) return { distribution, manager: 'rpm', packages: rpm.flatMap(readRpmDatabase) };
  return undefined;
}

/** https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
function parseOsRelease(text: string): Installed['distribution'] | undefined {
  const lines = text.slice(0, osReleaseLength).split('\n');
  const value = (name: string): string | undefined => {
    const line = lines.find((each) => each.startsWith(`${name}=`));
    return line
      ?.slice(name.length + 1)
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2');
  };
  const id = value('ID');
  return id ? { id, version: value('VERSION_ID') ?? '' } : undefined;
}

/** https://www.debian.org/doc/debian-policy/ch-controlfields.html; images without dpkg itself have a file for each package, without `Status`. */
export function parseDpkgStatus(content: Buffer): Package[] {
  return paragraphs(content).flatMap((text) => {
    const value = (field: string): string | undefined =>
      new RegExp(`^${field}:[ \\t]*(.*)$`, 'mi').exec(text)?.[1]?.trim();
    const [name, version, status] = [value('Package'), value('Version'), value('Status')];
    if (
      !name ||
      !version ||
      (status !== undefined && !/ (?:installed|triggers-pending|triggers-awaited)$/.test(status))
    )
      return [];
    // `Source: glibc (2.36-9)`: the version is given only if it is another one.
    const [, sourceName, sourceVersion] = /^(\S+)(?:\s+\((.+)\))?$/.exec(value('Source') ?? '') ?? [];
    return [{ name, version, source: { name: sourceName ?? name, version: sourceVersion ?? version } }];
  });
}

/** https://wiki.alpinelinux.org/wiki/Apk_spec */
export function parseApkInstalled(content: Buffer): Package[] {
  return paragraphs(content).flatMap((text) => {
    const value = (field: string): string | undefined => new RegExp(`^${field}:(.*)$`, 'm').exec(text)?.[1]?.trim();
    const [name, version] = [value('P'), value('V')];
    return name && version ? [{ name, version, source: { name: value('o') || name, version } }] : [];
  });
}

function paragraphs(content: Buffer): string[] {
  return content
    .toString('utf8')
    .replaceAll('\r\n', '\n')
    .split(/\n{2,}/);
}
