import type { Project } from '../model/project.ts';
import { changesVerdict, isSame } from '../policy/project-rules.ts';
import { type Index, isPolicyFile } from './read-index.ts';
import { isVexFile } from './read-vex.ts';

export interface IndexPlan {
  added: Project[];
  changed: Project[];
  deactivated: Project[];
}

/**
 * What an index means against the projects that are known. Projects of a file that could not be read whole stay as they are
 * unless the file still has them, and an index without a single project changes nothing: a broken index deletes nothing. A policy that
 * cannot be read leaves each project its own and adds none, and so do VEX documents.
 */
export function planIndex(index: Pick<Index, 'projects' | 'brokenFiles'>, known: Project[]): IndexPlan {
  const knownByName = new Map(known.map((project) => [project.name, project]));
  const named = new Set(index.projects.map(({ name }) => name));
  const broken = [...index.brokenFiles];
  const [keepsPolicy, keepsVex] = [broken.some(isPolicyFile), broken.some(isVexFile)];
  const projects = index.projects.map((project) => {
    const before = knownByName.get(project.name);
    return keeping(keepsVex ? 'vex' : undefined, keeping(keepsPolicy ? 'policy' : undefined, project, before), before);
  });
  return {
    added: keepsPolicy ? [] : projects.filter(({ name }) => !knownByName.has(name)),
    changed: projects.filter((project) => {
      const before = knownByName.get(project.name);
      return before !== undefined && !isSame(before, project);
    }),
    deactivated:
      index.projects.length === 0
        ? []
        : known.filter(({ active, name, file }) => active && !named.has(name) && !index.brokenFiles.has(file)),
  };
}

/** A project with what was known of one of its keys before. */
function keeping(key: 'policy' | 'vex' | undefined, project: Project, before: Project | undefined): Project {
  if (!key) return project;
  const { [key]: _, ...rest } = project;
  const known = before?.[key];
  return known ? { ...rest, [key]: known } : rest;
}

/**
 * Whether a changed entry makes another image, or may have another verdict: a new address for mails does neither. By another policy, other
 * exceptions and other statements only an image that was blocked can win anything, which spares an index of ten thousand projects their
 * builds when its policy changes; what is released is held against the new policy by its next build or its weekly scan.
 */
export function needsBuild(before: Project, after: Project, wasBlocked = false): boolean {
  const content = (project: Project) =>
    JSON.stringify([
      ...[project.source, project.gitBranch, project.dockerfile, project.context, project.active],
      ...[project.platforms, project.prebuild?.script, project.prebuild?.context, project.extraTags],
    ]);
  if (content(before) !== content(after)) return true;
  return wasBlocked && changesVerdict(before, after);
}

/** Whether nothing but what candidates are judged by differs. */
export function isJudgedOnly(before: Project, after: Project): boolean {
  const rest = ({ policy: _, exceptions: __, vex: ___, ...others }: Project) => others;
  return isSame(rest(before), rest(after));
}
