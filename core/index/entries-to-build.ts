import type { Project } from '../model/project.ts';
import { changedContent } from './image-content.ts';
import { type IndexPlan, needsBuild } from './plan-index.ts';

/** Why a build of an entry is to be started, and the head of the index that requires it. */
export interface Requirement {
  revision: number;
  commit: string;
  change: 'added' | 'changed';
  /** The keys of the entry whose change gives another image. */
  keys?: string[] | undefined;
}

interface Head {
  commit: string;
  revision: number;
  /** The last revision that was applied to its end. */
  applied: number;
}

interface KnownProject extends Project {
  /** The last head of the index that required a build of the entry. */
  requiredBy?: Requirement | undefined;
  judged?: { outcome: 'pass' | 'block' } | undefined;
}

export function requirementOf({ revision, commit }: Head, change: Requirement['change']): Requirement {
  return { revision, commit, change };
}

/** By name, the entries that a head of the index has built, and those required by earlier heads that were not applied to their end. */
export function entriesToBuild(
  head: Head,
  { added, changed }: Pick<IndexPlan, 'added' | 'changed'>,
  known: readonly KnownProject[],
): Map<string, Requirement> {
  const knownByName = new Map(known.map((project) => [project.name, project]));
  const toBuild = new Map<string, Requirement>();
  for (const { requiredBy, active, name } of known) {
    if (active && requiredBy && requiredBy.revision > head.applied) toBuild.set(name, requiredBy);
  }
  for (const { name } of added) toBuild.set(name, requirementOf(head, 'added'));
  for (const project of changed) {
    const before = knownByName.get(project.name);
    if (before && needsBuild(before, project, before.judged?.outcome === 'block'))
      toBuild.set(project.name, { ...requirementOf(head, 'changed'), keys: changedContent(before, project) });
  }
  return toBuild;
}
