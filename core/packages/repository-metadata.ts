/** Parsers for metadata files of package repositories. The files are untrusted, so patterns have bounds. */

export interface ReleaseFile {
  /** By path, relative to the suite's folder. */
  hashes: ReadonlyMap<string, string>;
  /** Files can be requested by their hash, so that an update of the repository in between does no harm. */
  hasHashNames: boolean;
  /** Packages for every architecture are in separate files. */
  hasSeparateAll: boolean;
  isOffered: 'always' | 'upgrades' | 'never';
}

/** https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files, signed or not. */
export function parseRelease(text: string): ReleaseFile {
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim();
  const [, list = ''] = /^SHA256:[ \t]*\r?\n((?:[ \t].*\r?\n?)+)/m.exec(text) ?? [];
  const hashes = new Map(
    [...list.matchAll(/^[ \t]+([0-9a-f]{64})[ \t]+\d+[ \t]+(\S+)[ \t]*\r?$/gm)].map(([, hash = '', path = '']) => [
      path,
      hash,
    ]),
  );
  const isManual = field('NotAutomatic') === 'yes';
  return {
    hashes,
    hasHashNames: field('Acquire-By-Hash') === 'yes',
    hasSeparateAll: !/\bPackages\b/.test(field('No-Support-for-Architecture-all') ?? ''),
    isOffered: isManual ? (field('ButAutomaticUpgrades') === 'yes' ? 'upgrades' : 'never') : 'always',
  };
}

/** The address and hash of a repository's package list. https://rpm.org/docs/latest/manual/ (createrepo_c's `repomd.xml`) */
export function parseRepomd(text: string): { path: string; algorithm: string; hash: string } | undefined {
  const start = /<data\s+type="primary"\s*>/.exec(text)?.index ?? text.length;
  // The end is searched for only once, however many beginnings a hostile file has.
  const primary = text.slice(start, text.indexOf('</data>', start));
  const path = /<location\s[^>]{0,500}?href="([^"]{1,1000})"/.exec(primary)?.[1];
  const [, type = '', hash] =
    /<checksum\s+type="(sha\d{0,3})"[^>]{0,100}>\s{0,100}([0-9a-f]{1,128})\s{0,100}<\/checksum>/.exec(primary) ?? [];
  if (path === undefined || hash === undefined) return undefined;
  return { path: plainText(path), algorithm: type === 'sha' ? 'sha1' : type, hash };
}

export interface Mirrors {
  urls: string[];
  /** The allowed hashes of `repomd.xml`: of the current one, and of earlier ones that mirrors may still serve. */
  hashes: string[];
}

/** Parses a metalink, or a list with one address on each line. */
export function parseMirrors(text: string): Mirrors {
  const isMetalink = /<metalink[\s>]/.test(text);
  const found = isMetalink
    ? [...text.matchAll(/<url\s[^>]{0,500}>\s{0,100}(https?:[^<\s]{1,2000})\s{0,100}<\/url>/g)].map(([, url = '']) =>
        plainText(url),
      )
    : text.split(/\s+/).filter((line) => /^https?:\/\//.test(line));
  const urls = found.map((url) => url.replace(/\/repodata\/repomd\.xml$/, '').replace(/\/+$/, ''));
  const hashes = isMetalink
    ? [...text.matchAll(/<hash\s{1,9}type="sha256"\s{0,9}>\s{0,100}([0-9a-f]{64})\s{0,100}<\/hash>/g)].map(
        ([, hash = '']) => hash,
      )
    : [];
  return { urls: [...urls].sort((one, other) => schemeOrder(one) - schemeOrder(other)), hashes };
}

function schemeOrder(url: string): number {
  return url.startsWith('https:') ? 0 : 1;
}

export interface ListedPackage {
  name: string;
  architecture: string;
  version: string;
}

/** A reader that takes text in pieces of any size and returns the packages that are complete. */
export type PackageReader = (piece: string) => ListedPackage[];

/** The longest entry, in characters. A longer one is dropped, so that it cannot fill the memory. */
const longestEntry = 2 * 1024 * 1024;

/** `Packages` of Debian and `APKINDEX` of Alpine: paragraphs of fields. `fields` gives the names of the fields to read. */
export function paragraphReader(fields: { name: string; architecture: string; version: string }): PackageReader {
  const names = new Map(Object.entries(fields).map(([key, field]) => [field, key as keyof ListedPackage]));
  let rest = '';
  let current: Partial<ListedPackage> = {};
  return (piece) => {
    const found: ListedPackage[] = [];
    const lines = (rest + piece).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestEntry);
    for (const line of lines) {
      if (line === '' || line === '\r') {
        if (isComplete(current)) found.push(current);
        current = {};
        continue;
      }
      const colon = line.indexOf(':');
      const key = colon > 0 && colon <= 16 ? names.get(line.slice(0, colon)) : undefined;
      if (key !== undefined) current[key] ??= line.slice(colon + 1).trim();
    }
    return found;
  };
}

/** `primary.xml`: its text is escaped, so that `</package>` can only be the end of a package. */
export function primaryReader(): PackageReader {
  const end = '</package>';
  let rest = '';
  return (piece) => {
    const entries = (rest + piece).split(end);
    rest = entries.pop() ?? '';
    if (rest.length > longestEntry) rest = '';
    return entries.flatMap((entry) => {
      const name = /<name>([^<]{1,500})<\/name>/.exec(entry)?.[1];
      const architecture = /<arch>([^<]{1,100})<\/arch>/.exec(entry)?.[1];
      const [version = ''] = /<version\s[^>]{1,1000}>/.exec(entry) ?? [];
      const attribute = (key: string) => new RegExp(`\\s${key}="([^"]{0,300})"`).exec(version)?.[1] ?? '';
      if (name === undefined || architecture === undefined || version === '' || architecture === 'src') return [];
      const [epoch, ver, release] = [attribute('epoch'), attribute('ver'), attribute('rel')];
      const full = `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${ver}-${release}`;
      return [{ name: plainText(name), architecture, version: plainText(full) }];
    });
  };
}

function isComplete(found: Partial<ListedPackage>): found is ListedPackage {
  return found.name !== undefined && found.version !== undefined && found.architecture !== undefined;
}

function plainText(xml: string): string {
  return xml
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
