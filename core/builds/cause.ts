import type { Cause } from '../model/build.ts';

/** The more specific a cause is to the project, the earlier it comes. */
const order: Cause['type'][] = [
  'push',
  'pull-request',
  'source-moved',
  'manual',
  'rollback',
  'unheld',
  'index',
  'bases-changed',
  'packages-changed',
  'parent-released',
  'schedule',
];

/** One cause for a build that has several: the first type by `order` wins, and all causes of that type are merged. */
export function mergeCauses(causes: readonly [Cause, ...Cause[]] | readonly Cause[]): Cause {
  const [first, ...rest] = causes.toSorted((one, other) => order.indexOf(one.type) - order.indexOf(other.type));
  if (!first) throw new Error('There is no cause.');
  return rest.filter(({ type }) => type === first.type).reduce(merge, first);
}

function merge(one: Cause, other: Cause): Cause {
  if (one.type === 'parent-released' && other.type === one.type) {
    return { ...one, parents: [...new Set([...one.parents, ...other.parents])].sort() };
  }
  if (one.type === 'bases-changed' && other.type === one.type) {
    const newest = new Map([...one.bases, ...other.bases].map((base) => [base.image, base]));
    return { ...one, bases: [...newest.values()] };
  }
  // The later of two commits, or of two lists of updates, includes the earlier one.
  return other;
}
