import type { Compare } from './version-order.ts';

/** https://semver.org/#spec-item-11 */
export const compareSemver: Compare = (one, other) => {
  const [a, b] = [splitSemver(one), splitSemver(other)];
  const difference = compareLists(a.numbers, b.numbers, 0);
  if (difference !== 0) return difference;
  // A release comes after all that leads to it.
  if (a.before.length === 0 || b.before.length === 0) return b.before.length - a.before.length;
  for (let i = 0; i < Math.max(a.before.length, b.before.length); i++) {
    const [partA, partB] = [a.before[i], b.before[i]];
    if (partA === undefined) return -1;
    if (partB === undefined) return 1;
    const [isNumberA, isNumberB] = [/^\d+$/.test(partA), /^\d+$/.test(partB)];
    if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
    const order = isNumberA ? Number(partA) - Number(partB) : compareText(partA, partB);
    if (order !== 0) return order;
  }
  return 0;
};

function splitSemver(version: string) {
  const [core = '', ...before] = version.replace(/^v/, '').replace(/\+.*$/, '').split('-');
  const text = before.join('-');
  return {
    numbers: core.split('.').map((part) => Number.parseInt(part, 10) || 0),
    before: text ? text.split('.') : [],
  };
}

const phases = { a: -3, alpha: -3, b: -2, beta: -2, c: -1, rc: -1, pre: -1, preview: -1 };

/** https://packaging.python.org/en/latest/specifications/version-specifiers/#summary-of-permitted-suffixes-and-relative-ordering */
export const comparePython: Compare = (one, other) => {
  const [a, b] = [splitPython(one), splitPython(other)];
  return a.epoch - b.epoch || compareLists(a.release, b.release, 0) || compareLists(a.rank, b.rank, 0);
};

function splitPython(version: string) {
  const pattern =
    /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(?:post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?/i;
  const match = pattern.exec(version.trim());
  const [text = '', epoch = '0', release = '0', phase, phaseNumber, dash, post, dev, devNumber] = match ?? [];
  const isPost = dash !== undefined || post !== undefined;
  const phaseRank = phase ? phases[phase.toLowerCase() as keyof typeof phases] : dev && !isPost ? -4 : 0;
  return {
    epoch: Number(epoch),
    release: release.split('.').map(Number),
    rank: [
      phaseRank,
      Number(phaseNumber || 0),
      ...(isPost ? [1, Number(dash ?? (post || 0))] : [0, 0]),
      ...(dev ? [-1, Number(devNumber || 0)] : [0, 0]),
      // A local version comes after the one that it is of.
      version.trim().slice(text.length).startsWith('+') ? 1 : 0,
    ],
  };
}

function compareLists(one: number[], other: number[], missing: number): number {
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    const difference = (one[i] ?? missing) - (other[i] ?? missing);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
