import { type Project, projectSchema } from '../model/project.ts';
import { changesVerdict, isSame } from '../policy/project-rules.ts';
import { changedContent } from './image-content.ts';
import { type Index, isDefaultsFile, isDestinationsFile, isPolicyFile } from './read-index.ts';
import { isVexFile } from './read-vex.ts';

export interface IndexPlan {
  added: Project[];
  changed: Project[];
  deactivated: Project[];
}

/**
 * The changes that an index makes to the known projects. A broken index removes nothing: projects of a file that cannot be read completely
 * stay as they are unless the file still has them, and an index without any project changes nothing. If the policy or the defaults cannot
 * be read, each project keeps its own, and none is added. If statements or destinations cannot be read, each project keeps these.
 * @param known may have more than an entry has, as the records of the pipeline do: that is not compared
 */
export function planIndex(index: Pick<Index, 'projects' | 'brokenFiles'>, known: readonly Project[]): IndexPlan {
  const knownByName = new Map(known.map((project) => [project.name, project]));
  const named = new Set(index.projects.map(({ name }) => name));
  const broken = [...index.brokenFiles];
  const keepsPolicy = broken.some(isPolicyFile);
  const keepsDefaults = broken.some(isDefaultsFile);
  const kept: KeptKey[] = [
    ...(keepsPolicy ? ['policy' as const] : []),
    ...(keepsDefaults ? (['buildArgs', 'labels'] as const) : []),
    ...(broken.some(isVexFile) ? ['vex' as const] : []),
    ...(broken.some(isDestinationsFile) ? ['destinations' as const] : []),
  ];
  const projects = index.projects.map((project) => {
    const before = knownByName.get(project.name);
    return kept.reduce((now, key) => keeping(key, now, before), project);
  });
  return {
    added: keepsPolicy || keepsDefaults ? [] : projects.filter(({ name }) => !knownByName.has(name)),
    changed: projects.filter((project) => {
      const before = knownByName.get(project.name);
      return before !== undefined && !isSame(projectSchema.parse(before), project);
    }),
    deactivated:
      index.projects.length === 0
        ? []
        : known
            .filter(({ active, name, file }) => active && !named.has(name) && !index.brokenFiles.has(file))
            .map((project) => projectSchema.parse(project)),
  };
}

type KeptKey = 'policy' | 'buildArgs' | 'labels' | 'vex' | 'destinations';

/** The project with the earlier value of one of its keys. */
function keeping(key: KeptKey, project: Project, before: Project | undefined): Project {
  const { [key]: _, ...rest } = project;
  const known = before?.[key];
  return known ? { ...rest, [key]: known } : rest;
}

/**
 * Whether a changed entry needs a build because it gives another image or may get another verdict; a new mail address does neither. A new
 * policy, exception or statement builds only images that were blocked: otherwise a changed policy would build all of ten thousand projects.
 * Released images meet the new policy in their next build or weekly scan.
 */
export function needsBuild(before: Project, after: Project, wasBlocked = false): boolean {
  if (changedContent(before, after).length > 0) return true;
  return wasBlocked && changesVerdict(before, after);
}

/** Whether only the rules of the verdict differ. */
export function isJudgedOnly(before: Project, after: Project): boolean {
  const rest = ({ policy: _, exceptions: __, vex: ___, ...others }: Project) => others;
  return isSame(rest(before), rest(after));
}
