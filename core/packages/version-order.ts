import type { PackageManager } from '../model/package-list.ts';

/** Returns a number less than, equal to or greater than zero, as `Array.sort` requires. */
export type CompareVersions = (one: string, other: string) => number;

const orders: Readonly<Record<PackageManager, CompareVersions>> = {
  dpkg: compareDpkgVersions,
  apk: compareApkVersions,
  rpm: compareRpmVersions,
};

/** How a package manager orders the versions of a package. */
export function versionOrder(manager: PackageManager): CompareVersions {
  return orders[manager];
}

/** `epoch:upstream-revision`. https://www.debian.org/doc/debian-policy/ch-controlfields.html#version */
export function compareDpkgVersions(one: string, other: string): number {
  const [a, b] = [splitVersion(one), splitVersion(other)];
  return (
    compareNumbers(a.epoch, b.epoch) || compareDpkgPart(a.version, b.version) || compareDpkgPart(a.release, b.release)
  );
}

/** Text without digits and numbers alternate. In the text, `~` sorts before the end, and letters before everything else. */
function compareDpkgPart(one: string, other: string): number {
  // Each list begins with text, even if it is empty.
  const split = (part: string): string[] => [...(/^\d/.test(part) ? [''] : []), ...(part.match(/\D+|\d+/g) ?? [])];
  const [a, b] = [split(one), split(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const compare = at % 2 === 0 ? compareDpkgText : compareNumbers;
    const difference = compare(a[at] ?? '', b[at] ?? '');
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareDpkgText(one: string, other: string): number {
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const difference = dpkgOrder(one[at]) - dpkgOrder(other[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function dpkgOrder(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return /[a-zA-Z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

/** `epoch:version-release`. https://github.com/rpm-software-management/rpm/blob/rpm-4.19.1-release/rpmio/rpmvercmp.c */
export function compareRpmVersions(one: string, other: string): number {
  const [a, b] = [splitVersion(one), splitVersion(other)];
  return (
    compareNumbers(a.epoch, b.epoch) || compareRpmPart(a.version, b.version) || compareRpmPart(a.release, b.release)
  );
}

/** A sequence of numbers and words. `~` sorts before the end, and `^` after the end but before everything else. */
function compareRpmPart(one: string, other: string): number {
  const split = (part: string): string[] => part.match(/\d+|[a-zA-Z]+|[~^]/g) ?? [];
  const [a, b] = [split(one), split(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = compareRpmSegments(a[at], b[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareRpmSegments(one: string | undefined, other: string | undefined): number {
  if (one === other) return 0;
  if (one === '~' || other === '~') return one === '~' ? -1 : 1;
  if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
  if (one === '^' || other === '^') return one === '^' ? -1 : 1;
  const [isNumber, isOtherNumber] = [/^\d/.test(one), /^\d/.test(other)];
  if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
  return isNumber ? compareNumbers(one, other) : compareText(one, other);
}

const apkVersion = /^(?:\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*(?:~[0-9a-f]+)?(?:-r\d+)?)?/;

/**
 * `1.2.3b_rc1~c0ffee-r4`. Of a version in another form, only the beginning that has this form is compared.
 * https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/v3.0.0/src/version.c
 */
export function compareApkVersions(one: string, other: string): number {
  const [a, b] = [apkParts(one), apkParts(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [part, otherPart] = [a[at] ?? apkEnd, b[at] ?? apkEnd];
    const difference = part.kind === otherPart.kind ? compareApkParts(part, otherPart) : part.rank - otherPart.rank;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Where two versions differ in a part's kind, the version with the higher rank is higher. */
const apkRanks = {
  unknown: -1,
  end: 0,
  revision: 1,
  hash: 2,
  suffixNumber: 3,
  suffix: 4,
  letter: 5,
  number: 6,
  first: 7,
};
/** Suffixes of pre-releases sort before everything else. */
const apkPreRelease = -2;

interface ApkPart {
  kind: keyof typeof apkRanks;
  text: string;
  rank: number;
}

const apkEnd: ApkPart = { kind: 'end', text: '', rank: apkRanks.end };
const apkPreReleases: readonly string[] = ['alpha', 'beta', 'pre', 'rc'];
const apkSuffixes: readonly string[] = [...apkPreReleases, 'cvs', 'svn', 'git', 'hg', 'p'];
const apkPart =
  /^(?<first>\d+)|\.(?<number>\d+)|_(?<suffix>[a-z]+)|~(?<hash>[0-9a-f]+)|-r(?<revision>\d+)|(?<letter>[a-z])|(?<suffixNumber>\d+)/g;

function apkParts(version: string): ApkPart[] {
  const [known = ''] = apkVersion.exec(version) ?? [];
  const parts = [...known.matchAll(apkPart)].flatMap(({ groups = {} }) =>
    (Object.keys(apkRanks) as ApkPart['kind'][]).flatMap((kind): ApkPart | [] => {
      const text = groups[kind];
      if (text === undefined) return [];
      return { kind, text, rank: apkPreReleases.includes(text) ? apkPreRelease : apkRanks[kind] };
    }),
  );
  return known === version ? parts : [...parts, { kind: 'unknown', text: '', rank: apkRanks.unknown }];
}

function compareApkParts({ kind, text: one }: ApkPart, { text: other }: ApkPart): number {
  switch (kind) {
    case 'suffix':
      return apkSuffixes.indexOf(one) - apkSuffixes.indexOf(other);
    case 'letter':
    case 'hash':
      // The hashes of commits do not show which is newer; apk compares them as text.
      return compareText(one, other);
    case 'number':
      // After a dot, a number that begins with a zero is a fraction.
      return one.startsWith('0') || other.startsWith('0') ? compareText(one, other) : compareNumbers(one, other);
    default:
      return compareNumbers(one, other);
  }
}

/** Debian and RPM write versions in the same form. */
function splitVersion(text: string): { epoch: string; version: string; release: string } {
  const [, epoch = '0', version = '', release = ''] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(text) ?? [];
  return { epoch, version, release };
}

/** Compares texts, because the numbers may be too long for `Number`. */
function compareNumbers(one: string, other: string): number {
  const [a, b] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')];
  return a.length - b.length || compareText(a, b);
}

function compareText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
