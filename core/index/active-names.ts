import type { Project } from '../model/project.ts';
import type { IndexPlan } from './plan-index.ts';

interface Change {
  /** All entries of the index. */
  entries: readonly Project[];
  /** The projects as they were before. */
  known: readonly Project[];
  plan: IndexPlan;
}

/** The names of the projects that are in force before and after a change of the index. */
export interface ActiveNames {
  before: ReadonlySet<string>;
  after: ReadonlySet<string>;
}

export function activeNames({ known, entries, plan }: Change): ActiveNames {
  const before = new Set(known.filter(({ active }) => active).map(({ name }) => name));
  const after = new Set([...before, ...entries.map(({ name }) => name)]);
  for (const { name } of plan.deactivated) after.delete(name);
  return { before, after };
}

/** The entries that are the same as before, but name a parent that enters or leaves the index: its name then means another image. */
export function withMovedParents({ entries, plan }: Change, { before, after }: ActiveNames): Project[] {
  const written = new Set([...plan.added, ...plan.changed].map(({ name }) => name));
  const isMoved = (parent: string) => before.has(parent) !== after.has(parent);
  return entries.filter(({ name, dependsOn }) => !written.has(name) && dependsOn.some(isMoved));
}
