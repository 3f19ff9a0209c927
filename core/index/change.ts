import type { Verdict } from '../model/build.ts';
import type { OwnPolicy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import type { Diagnostic } from './diagnostic.ts';
import { needsBuild, planIndex } from './plan-index.ts';
import { type Index, type IndexFile, isPolicyFile, type ReadOptions, readIndex } from './read-index.ts';

/** What a pull request would do to the index. */
export interface IndexChange {
  /** What it brings: it should not be merged with them. */
  errors: Diagnostic[];
  /** What it brings that can be merged, and may be meant otherwise. */
  warnings: Diagnostic[];
  /** Errors that were there before it, and are not its author's to put right. */
  older: Diagnostic[];
  added: Project[];
  changed: { before: Project; after: Project; isBuilt: boolean }[];
  removed: Project[];
  /** What the policy of the whole index was and will be, where that differs. */
  policy?: { before: OwnPolicy | undefined; after: OwnPolicy | undefined };
}

/** A project as the pipeline has it, with what became of its newest candidate. */
type KnownProject = Project & { judged?: { outcome: Verdict['outcome'] } | undefined };

/**
 * The index as it will be when a pull request is merged: as its base is now, with the files that the pull request changes as it has
 * them. What was merged into the base since the pull request began stays.
 * @param changed the paths; where they are unknown, whatever differs counts as changed
 */
export function mergedFiles(base: IndexFile[], head: IndexFile[], changed: readonly string[] | undefined): IndexFile[] {
  if (!changed) return head;
  const touched = new Set(changed);
  const files = [...base.filter(({ path }) => !touched.has(path)), ...head.filter(({ path }) => touched.has(path))];
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/**
 * What the merge does to the index, and what is wrong with it.
 * @param known the projects as the pipeline has them: they speak for a file of the base that cannot be read
 */
export function indexChange(
  base: IndexFile[],
  merged: IndexFile[],
  known: readonly KnownProject[],
  options: ReadOptions,
): IndexChange {
  const [before, after] = [readIndex(base, options), readIndex(merged, options)];
  const baseTexts = new Map(base.map(({ path, text }) => [path, text]));
  const touched = new Set(merged.filter(({ path, text }) => baseTexts.get(path) !== text).map(({ path }) => path));
  const old = new Set(before.problems.map(keyOf));
  // A file that cannot be read at all keeps its author's own change from being seen, whoever broke it.
  const isNew = (problem: Diagnostic) =>
    !old.has(keyOf(problem)) || (problem.entry === undefined && touched.has(problem.file));

  const standing = knownBefore(before, known);
  const blocked = new Set(known.filter(({ judged }) => judged?.outcome === 'block').map(({ name }) => name));
  const plan = planIndex(after, standing);
  const byName = new Map(standing.map((project) => [project.name, project]));
  return {
    errors: after.problems.filter((problem) => isError(problem) && isNew(problem)),
    warnings: after.problems.filter((problem) => !isError(problem) && isNew(problem)),
    older: after.problems.filter((problem) => isError(problem) && !isNew(problem)),
    added: plan.added,
    changed: plan.changed.flatMap((project) => {
      const previous = byName.get(project.name);
      if (!previous) return [];
      const isBuilt = needsBuild(previous, project, blocked.has(project.name));
      return [{ before: previous, after: project, isBuilt }];
    }),
    removed: plan.deactivated,
    ...(samePolicy(before, after) ? {} : { policy: { before: before.policy, after: after.policy } }),
  };
}

function samePolicy(before: Index, after: Index): boolean {
  // One that cannot be read is neither; its error says so.
  if ([...before.brokenFiles, ...after.brokenFiles].some(isPolicyFile)) return true;
  return JSON.stringify(before.policy) === JSON.stringify(after.policy);
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}

/** What stays when lines are put in before it. */
function keyOf({ file, code, entry, message }: Diagnostic): string {
  return JSON.stringify([file, code, entry, message.replaceAll(/\bline \d+/g, 'line')]);
}

/** The projects of the base; of its files that cannot be read whole, those that were known before they were broken. */
function knownBefore({ projects, brokenFiles }: Index, known: readonly Project[]): Project[] {
  const read = new Set(projects.map(({ name }) => name));
  const hidden = known.filter(({ name, file, active }) => active && !read.has(name) && brokenFiles.has(file));
  return [...projects, ...hidden];
}
