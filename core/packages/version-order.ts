import type { PackageManager } from '../model/package-list.ts';

/** Less than, equal to or greater than zero, as `Array.sort` wants it. */
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

/** By turns text without digits, in which `~` comes before the end and letters before everything else, and a number. */
function compareDpkgPart(one: string, other: string): number {
  // Both begin with text, be it empty.
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

/** Numbers and words one after another; `~` comes before the end, `^` after it but before everything else that may follow. */
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

/** In their order; the empty one is the suffix that is not there. */
const apkSuffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];
const apkVersion = /^(\d+(?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~[0-9a-f]+)?(?:-r(\d+))?$/;

/**
 * `1.2.3b_rc1-r4`. Versions that are not written so have no order: they count as equal.
 * https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/v3.0.0/src/version.c
 */
export function compareApkVersions(one: string, other: string): number {
  const [a, b] = [apkVersion.exec(one), apkVersion.exec(other)];
  if (!a || !b) return 0;
  return (
    compareApkNumbers(a[1] ?? '', b[1] ?? '') ||
    compareText(a[2] ?? '', b[2] ?? '') ||
    compareApkSuffixes(a[3] ?? '', b[3] ?? '') ||
    (a[4] === undefined || b[4] === undefined
      ? Number(a[4] !== undefined) - Number(b[4] !== undefined)
      : compareNumbers(a[4], b[4]))
  );
}

function compareApkNumbers(one: string, other: string): number {
  const [a, b] = [one.split('.'), other.split('.')];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [number, otherNumber] = [a[at], b[at]];
    if (number === undefined || otherNumber === undefined) return number === undefined ? -1 : 1;
    // After a dot, a number that begins with a zero is a fraction.
    const isFraction = at > 0 && (number.startsWith('0') || otherNumber.startsWith('0'));
    const difference = isFraction ? compareText(number, otherNumber) : compareNumbers(number, otherNumber);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareApkSuffixes(one: string, other: string): number {
  const split = (text: string): string[][] => [...text.matchAll(/_([a-z]+)(\d*)/g)];
  const [a, b] = [split(one), split(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [[, name = '', number = ''] = [], [, otherName = '', otherNumber = ''] = []] = [a[at], b[at]];
    const difference =
      apkSuffixes.indexOf(name) - apkSuffixes.indexOf(otherName) || compareNumbers(number, otherNumber);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Debian and RPM write versions in one form. */
function splitVersion(text: string): { epoch: string; version: string; release: string } {
  const [, epoch = '0', version = '', release = ''] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(text) ?? [];
  return { epoch, version, release };
}

/** Numbers of any length, so no `Number`. */
function compareNumbers(one: string, other: string): number {
  const [a, b] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')];
  return a.length - b.length || compareText(a, b);
}

function compareText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
