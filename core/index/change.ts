import type { Verdict } from '../model/build.ts';
import type { OwnPolicy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import type { Diagnostic } from './diagnostic.ts';
import { needsBuild, planIndex } from './plan-index.ts';
import { type Index, type IndexFile, isPolicyFile, type ReadOptions, readIndex } from './read-index.ts';

/** What a pull request would do to the index. */
export interface IndexChange {
  /** Errors that it adds: it should not be merged with them. */
  errors: Diagnostic[];
  /** Warnings that it adds: it can be merged, but something may be meant differently. */
  warnings: Diagnostic[];
  /** Errors that existed before it, which its author need not fix. */
  older: Diagnostic[];
  added: Project[];
  changed: { before: Project; after: Project; isBuilt: boolean }[];
  removed: Project[];
  /** The policy of the whole index before and after, if they differ. */
  policy?: { before: OwnPolicy | undefined; after: OwnPolicy | undefined } | undefined;
}

/** A project as the pipeline has it, with the verdict of its newest candidate. */
type KnownProject = Project & { judged?: { outcome: Verdict['outcome'] } | undefined };

/**
 * The index as it will be after the merge of a pull request: the base as it is now, with the files that the pull request changes. What was
 * merged into the base since the pull request was opened stays.
 * @param changed the paths that it changes; if they are unknown, every difference counts as a change
 */
export function mergedFiles(base: IndexFile[], head: IndexFile[], changed: readonly string[] | undefined): IndexFile[] {
  if (!changed) return head;
  const touched = new Set(changed);
  const files = [...base.filter(({ path }) => !touched.has(path)), ...head.filter(({ path }) => touched.has(path))];
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/**
 * What the merge changes in the index, and the errors and warnings that it adds.
 * @param known the projects as the pipeline has them: they replace the entries of a base file that cannot be read
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
  const old = new Set(before.diagnostics.map(keyOf));
  // If a file cannot be read at all, the change of the pull request to it cannot be checked, no matter which commit broke the file.
  const isNew = (diagnostic: Diagnostic) =>
    !old.has(keyOf(diagnostic)) || (diagnostic.entry === undefined && touched.has(diagnostic.file));

  const current = knownBefore(before, known);
  const blocked = new Set(known.filter(({ judged }) => judged?.outcome === 'block').map(({ name }) => name));
  const plan = planIndex(after, current);
  const byName = new Map(current.map((project) => [project.name, project]));
  return {
    errors: after.diagnostics.filter((each) => isError(each) && isNew(each)),
    warnings: after.diagnostics.filter((each) => !isError(each) && isNew(each)),
    older: after.diagnostics.filter((each) => isError(each) && !isNew(each)),
    added: plan.added,
    changed: plan.changed.flatMap((project) => {
      const previous = byName.get(project.name);
      if (!previous) return [];
      const isBuilt = needsBuild(previous, project, blocked.has(project.name));
      return [{ before: previous, after: project, isBuilt }];
    }),
    removed: plan.deactivated,
    policy: samePolicy(before, after) ? undefined : { before: before.policy, after: after.policy },
  };
}

function samePolicy(before: Index, after: Index): boolean {
  // A policy that cannot be read changes nothing; its error is reported.
  if ([...before.brokenFiles, ...after.brokenFiles].some(isPolicyFile)) return true;
  return JSON.stringify(before.policy) === JSON.stringify(after.policy);
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}

/** Stays the same when lines are inserted before it. */
function keyOf({ file, code, entry, message }: Diagnostic): string {
  return JSON.stringify([file, code, entry, message.replaceAll(/\bline \d+/g, 'line')]);
}

/** The projects of the base. Files that cannot be read completely are replaced by the projects that the pipeline knows from them. */
function knownBefore({ projects, brokenFiles }: Index, known: readonly Project[]): Project[] {
  const read = new Set(projects.map(({ name }) => name));
  const hidden = known.filter(({ name, file, active }) => active && !read.has(name) && brokenFiles.has(file));
  return [...projects, ...hidden];
}
