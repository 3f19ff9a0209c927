/** Less than, equal to or greater than zero, as `Array.sort` wants it. */
export type Compare = (one: string, other: string) => number;

/** https://www.debian.org/doc/debian-policy/ch-controlfields.html#version */
export const compareDebian: Compare = (one, other) => {
  const [a, b] = [splitDebian(one), splitDebian(other)];
  return a.epoch - b.epoch || compareDebianPart(a.upstream, b.upstream) || compareDebianPart(a.revision, b.revision);
};

function splitDebian(version: string) {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon === -1 ? 0 : Number.parseInt(version.slice(0, colon), 10) || 0,
    upstream: dash === -1 ? rest : rest.slice(0, dash),
    revision: dash === -1 ? '' : rest.slice(dash + 1),
  };
}

/** By turns a run without digits, in which `~` comes before the end and letters before everything else, and a number. */
function compareDebianPart(one: string, other: string): number {
  let [a, b] = [one, other];
  while (a !== '' || b !== '') {
    const [textA, textB] = [/^\D*/.exec(a)?.[0] ?? '', /^\D*/.exec(b)?.[0] ?? ''];
    for (let i = 0; i < Math.max(textA.length, textB.length); i++) {
      const difference = debianOrder(textA[i]) - debianOrder(textB[i]);
      if (difference !== 0) return difference;
    }
    [a, b] = [a.slice(textA.length), b.slice(textB.length)];
    const [numberA, numberB] = [/^\d*/.exec(a)?.[0] ?? '', /^\d*/.exec(b)?.[0] ?? ''];
    const difference = compareDigits(numberA, numberB);
    if (difference !== 0) return difference;
    [a, b] = [a.slice(numberA.length), b.slice(numberB.length)];
  }
  return 0;
}

function debianOrder(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return /[a-zA-Z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

/** Numbers of any length, so no `Number`. */
function compareDigits(one: string, other: string): number {
  const [a, b] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')];
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}

const alpineSuffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];

/** `1.2.3b_rc1-r4`, as apk-tools' version.c orders it. https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/v2.14.4/src/version.c */
export const compareAlpine: Compare = (one, other) => {
  const [a, b] = [splitAlpine(one), splitAlpine(other)];
  for (let i = 0; i < Math.max(a.numbers.length, b.numbers.length); i++) {
    const [numberA, numberB] = [a.numbers[i], b.numbers[i]];
    if (numberA === undefined) return -1;
    if (numberB === undefined) return 1;
    // After a dot, a number that begins with a zero is a fraction.
    const isFraction = i > 0 && (numberA.startsWith('0') || numberB.startsWith('0'));
    const difference = isFraction ? compareText(numberA, numberB) : compareDigits(numberA, numberB);
    if (difference !== 0) return difference;
  }
  const letters = compareText(a.letter, b.letter);
  if (letters !== 0) return letters;
  for (let i = 0; i < Math.max(a.suffixes.length, b.suffixes.length); i++) {
    const [suffixA, suffixB] = [a.suffixes[i] ?? noSuffix, b.suffixes[i] ?? noSuffix];
    const difference = suffixA.rank - suffixB.rank || compareDigits(suffixA.number, suffixB.number);
    if (difference !== 0) return difference;
  }
  // Nothing says which of two commits is the newer one; apk takes the order of their texts.
  return compareOptional(a.hash, b.hash, compareText) || compareOptional(a.revision, b.revision, compareDigits);
};

/** What has one more part is the higher one. */
function compareOptional(one: string | undefined, other: string | undefined, compare: Compare): number {
  if (one === undefined || other === undefined) return Number(one !== undefined) - Number(other !== undefined);
  return compare(one, other);
}

const noSuffix = { rank: alpineSuffixes.indexOf(''), number: '' };

function splitAlpine(version: string) {
  const match = /^(\d+(?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~([0-9a-f]+))?(?:-r(\d+))?$/.exec(version);
  const [, numbers = version, letter = '', suffixes = '', hash, revision] = match ?? [];
  return {
    numbers: numbers.split('.'),
    letter,
    suffixes: [...suffixes.matchAll(/_([a-z]+)(\d*)/g)].map(([, name = '', number = '']) => ({
      rank: alpineSuffixes.indexOf(name),
      number,
    })),
    hash,
    revision,
  };
}

function compareText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** `epoch:version-release`. https://github.com/rpm-software-management/rpm/blob/rpm-4.19.1-release/rpmio/rpmvercmp.c */
export const compareRpm: Compare = (one, other) => {
  const [a, b] = [splitDebian(one), splitDebian(other)];
  const upstream = a.epoch - b.epoch || compareRpmPart(a.upstream, b.upstream);
  // A version without a release means all of its releases.
  return upstream || (a.revision === '' || b.revision === '' ? 0 : compareRpmPart(a.revision, b.revision));
};

function compareRpmPart(one: string, other: string): number {
  const split = (text: string): string[] => text.match(/\d+|[a-zA-Z]+|~|\^/g) ?? [];
  const [a, b] = [split(one), split(other)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [partA, partB] = [a[i], b[i]];
    if (partA === '~' || partB === '~') {
      if (partA !== partB) return partA === '~' ? -1 : 1;
      continue;
    }
    if (partA === '^' || partB === '^') {
      if (partA === partB) continue;
      if (partA === undefined) return -1;
      if (partB === undefined) return 1;
      return partA === '^' ? -1 : 1;
    }
    if (partA === undefined) return -1;
    if (partB === undefined) return 1;
    const [isNumberA, isNumberB] = [/^\d/.test(partA), /^\d/.test(partB)];
    if (isNumberA !== isNumberB) return isNumberA ? 1 : -1;
    const difference = isNumberA ? compareDigits(partA, partB) : compareText(partA, partB);
    if (difference !== 0) return difference;
  }
  return 0;
}
