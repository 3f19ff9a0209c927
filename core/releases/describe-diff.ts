import { describeRef } from '../builds/describe-build.ts';
import type { Build } from '../model/build.ts';
import { oneLine } from '../text/one-line.ts';
import type { Comparison } from './image-diff.ts';

/** What differs from the last release, as mails and pages show it. */

/** The number of items of each kind that one line names. */
const named = 5;

/** What the image was compared with: `the last release of branch main`. */
export function describeAgainst({ ref }: Comparison['against'], build: Pick<Build, 'ref'>): string {
  return ref === undefined || ref === build.ref ? 'the last release' : `the last release of ${describeRef(ref)}`;
}

/** The changes in a few lines; empty where nothing changed. */
export function describeComparison({ packages, vulnerabilities, size, leftOut }: Comparison): string[] {
  return [
    ...(packages
      ? [
          line('package', 'updated', packages.updated, ({ name, before, after }) => `${name} ${before} → ${after}`),
          line('package', 'added', packages.added, ({ name, version }) => `${name} ${version}`),
          line('package', 'removed', packages.removed, ({ name }) => name),
        ]
      : []),
    ...(vulnerabilities
      ? [
          line('vulnerability', 'fixed', vulnerabilities.fixed, describeVulnerability),
          line('vulnerability', 'introduced', vulnerabilities.introduced, describeVulnerability),
          line('vulnerability', learnt, vulnerabilities.learnt, describeVulnerability),
        ]
      : []),
    size && size.before !== size.after ? `size: ${describeSizeChange(size)}` : undefined,
    ...leftOut.map(({ reason }) => `not compared: ${oneLine(reason, 500)}`),
  ].filter((each) => each !== undefined);
}

/** The text for vulnerabilities that became known after the last release, in packages that did not change. */
export const learnt = 'newly known, in packages that did not change';

const describeVulnerability = ({ id, package: name, severity }: { id: string; package: string; severity: string }) =>
  `${id} (${severity}) in ${name}`;

function line<Item>(
  noun: string,
  verb: string,
  { items, total }: { items: readonly Item[]; total: number },
  describe: (item: Item) => string,
): string | undefined {
  if (total === 0) return undefined;
  const shown = items.slice(0, named).map((item) => oneLine(describe(item), 200));
  const more = total > shown.length ? ` and ${total - shown.length} more` : '';
  return `${total} ${total === 1 ? noun : plural(noun)} ${verb}: ${shown.join(', ')}${more}`;
}

/** The changes in numbers: `2 packages updated, 1 added; 3 vulnerabilities fixed; 46.5 MB, 1.2 MB more than before`. */
export function describeChanges({ packages, vulnerabilities, size }: NonNullable<Build['changes']>): string {
  const counts = (noun: string, numbers: Record<string, number>) => {
    const changed = Object.entries(numbers).filter(([, count]) => count > 0);
    return changed.map(
      ([verb, count], at) => `${count}${at === 0 ? ` ${count === 1 ? noun : plural(noun)}` : ''} ${verb}`,
    );
  };
  const { updated = 0, added = 0, removed = 0 } = packages ?? {};
  const { fixed = 0, introduced = 0 } = vulnerabilities ?? {};
  const parts = [
    counts('package', { updated, added, removed }).join(', '),
    counts('vulnerability', { fixed, introduced }).join(', '),
    size && size.before !== size.after ? describeSizeChange(size) : '',
  ];
  return parts.filter(Boolean).join('; ') || 'no known change';
}

export function plural(noun: string): string {
  return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** `45.3 MB, 1.2 MB more than before` */
export function describeSizeChange({ before, after }: NonNullable<Comparison['size']>): string {
  const change = after - before;
  if (change === 0) return `${describeSize(after)}, as before`;
  return `${describeSize(after)}, ${describeSize(Math.abs(change))} ${change > 0 ? 'more' : 'less'} than before`;
}

/** `312 bytes`, `4.5 kB`, `45.3 MB`: powers of 1000, as registries count. */
export function describeSize(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes / 1000, 0];
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}
