import { createHash } from 'node:crypto';
import { type Index, isPolicyFile } from './index-file.ts';
import { isVexFile } from './index-vex.ts';
import type { Project } from './project.ts';
import { isVersionTag } from './tags.ts';
import type { PushTrigger } from './trigger.ts';

/** The same trigger and project always give the same build, so that a trigger that comes twice builds once. */
export function buildIdOf(triggerId: string, project: string): string {
  return createHash('sha256').update(`${triggerId}\n${project}`).digest('hex').slice(0, 16);
}

export type PushPlan = { projects: Project[]; commit: string } | { ignored: string };

/** Which projects a push concerns: those that track its repository and branch, or that build its version tags. */
export function planPush(push: PushTrigger, tracking: Project[]): PushPlan {
  if (push.deleted || push.commit === null) return { ignored: `${push.ref} was deleted` };
  const { commit, ref, source } = push;
  const active = tracking.filter((project) => project.active);
  if (active.length === 0) return { ignored: `no entry of the index tracks ${source}` };
  const projects = active.filter((project) => buildsRef(project, ref));
  if (projects.length > 0) return { projects, commit };
  if (!ref.startsWith('refs/tags/')) return { ignored: `no entry of the index tracks ${ref} of ${source}` };
  return {
    ignored: isVersionTag(ref)
      ? `no entry of the index builds the version tags of ${source}`
      : `${ref} is no version like v1.2.3, 1.2.3 or 1.2.3-rc.1`,
  };
}

/**
 * Whether what is pushed to a ref is built for a project. Of entries that share a release repository each would give its image the same
 * version's tags, so that one of them has to be named.
 */
export function buildsRef(project: Project, ref: string): boolean {
  if (ref === `refs/heads/${project.gitBranch}`) return true;
  return (project.versionTags ?? !project.sharesRepository) && isVersionTag(ref);
}

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

/** Whether a candidate may be judged otherwise. */
export function changesVerdict(before: Project, after: Project): boolean {
  return !isSame(rulesOf(before), rulesOf(after));
}

/** Whether nothing but what candidates are judged by differs. */
export function isJudgedOnly(before: Project, after: Project): boolean {
  const rest = ({ policy: _, exceptions: __, vex: ___, ...others }: Project) => others;
  return isSame(rest(before), rest(after));
}

/** What a verdict depends on beside the image, without what only explains it. */
function rulesOf({ policy, exceptions = [], vex = [] }: Project): object {
  return {
    policy,
    exceptions: exceptions.map(({ id, package: name, expires }) => [id, name, expires]),
    vex: vex.map(({ ids, packages, status, expires }) => [ids, packages, status, expires]),
  };
}

/** A map comes back from the table in another order, and without what is undefined. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  for (const key in left) if (!isSame(left[key], right[key])) return false;
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false;
  return true;
}
