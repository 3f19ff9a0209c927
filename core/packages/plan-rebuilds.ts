import { createHash } from 'node:crypto';
import type { PackageUpdate } from './updates.ts';

/** How many updates of an image are remembered. An image with more is far out of date and is rebuilt anyway. */
const mostRemembered = 500;
const markLength = 8;
/** How many updates a trigger lists for people. */
const mostListed = 50;

/** What is stored of a project from run to run. Each update is remembered by a mark, a short hash; the marks are concatenated. */
export interface PackagesMemory {
  /** The updates that the project was already rebuilt for. */
  tried: string;
  /** The updates that wait for a parent's rebuild, and the released builds of project and parent at that time. */
  waiting?: { marks: string; build: string; parent: string; parentBuild: string } | undefined;
}

export interface PackagesCheck {
  project: string;
  /** The released build. */
  build: string;
  updates: readonly PackageUpdate[];
  /** Whether all of the image's repositories could be read. */
  isComplete: boolean;
  memory: PackagesMemory;
}

export interface PackagesRebuild {
  project: string;
  /** The same for the same updates, so that they trigger one build. */
  hash: string;
  updates: PackageUpdate[];
  total: number;
}

export interface PackagesPlan {
  rebuilds: PackagesRebuild[];
  /** By project: its memory to store. */
  memories: Map<string, PackagesMemory>;
}

interface Projects {
  parentsOf: (project: string) => readonly string[];
  /** The released build. */
  buildOf: (project: string) => string | undefined;
}

/**
 * Decides which projects to rebuild for updates that no rebuild has tried. A project whose parent is rebuilt in the same run waits, because
 * the parent's release rebuilds it on new base layers, without cached layers of its own. If that has happened by the next run, its updates
 * count as tried; if not, the project itself is rebuilt.
 */
export function planPackageRebuilds(checks: readonly PackagesCheck[], { parentsOf, buildOf }: Projects): PackagesPlan {
  const judged = checks.map((check) => ({ ...check, marks: marksOf(check), tried: triedOf(check, buildOf) }));
  const untried = new Set(
    judged.filter(({ marks, tried }) => marks.some((mark) => !tried.includes(mark))).map(({ project }) => project),
  );
  const ancestorsOf = ancestry(parentsOf);
  const waits = (project: string) =>
    [...ancestorsOf(project)].some(
      // Of projects that depend on one another in a cycle, the first by name does not wait.
      (one) => untried.has(one) && (one < project || !ancestorsOf(one).has(project)),
    );
  const rebuilt = new Set([...untried].filter((project) => !waits(project)));

  const plan: PackagesPlan = { rebuilds: [], memories: new Map() };
  for (const { project, build, updates, isComplete, marks, tried } of judged) {
    if (rebuilt.has(project)) {
      const hash = sha256(`${project}\n${marks.join('')}`).slice(0, 32);
      plan.rebuilds.push({ project, hash, updates: updates.slice(0, mostListed), total: updates.length });
    }
    // The updates of an unreachable repository stay remembered, so that they are not new once it is reachable again.
    const remembered = tried.filter((mark) => !isComplete || marks.includes(mark));
    const all = [...new Set([...(rebuilt.has(project) ? marks : []), ...remembered])].slice(0, 2 * mostRemembered);
    const parent = untried.has(project) ? [...ancestorsOf(project)].find((one) => rebuilt.has(one)) : undefined;
    const parentBuild = parent === undefined ? undefined : buildOf(parent);
    plan.memories.set(project, {
      tried: all.join(''),
      ...(parent === undefined || parentBuild === undefined || rebuilt.has(project)
        ? {}
        : { waiting: { marks: marks.join(''), build, parent, parentBuild } }),
    });
  }
  return plan;
}

/** The marks of the updates that the project was rebuilt for, including a rebuild after a parent that it waited for. */
function triedOf({ build, memory: { tried, waiting } }: PackagesCheck, buildOf: Projects['buildOf']): string[] {
  const wasRebuiltAfterParent = waiting && waiting.build !== build && waiting.parentBuild !== buildOf(waiting.parent);
  return marksIn(wasRebuiltAfterParent ? tried + waiting.marks : tried);
}

function ancestry(parentsOf: Projects['parentsOf']): (project: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (project) => {
    const found = known.get(project) ?? new Set(reachable(project, parentsOf));
    known.set(project, found);
    return found;
  };
}

/** All ancestors of a project, without itself. */
function reachable(project: string, parentsOf: Projects['parentsOf']): string[] {
  const seen = new Set([project]);
  for (const next of seen) for (const parent of parentsOf(next)) seen.add(parent);
  return [...seen].slice(1);
}

function marksOf({ updates }: PackagesCheck): string[] {
  return updates
    .slice(0, mostRemembered)
    .map((update) => sha256(`${update.package} ${update.available}`).slice(0, markLength));
}

function marksIn(text: string): string[] {
  return text.match(new RegExp(`.{${markLength}}`, 'g')) ?? [];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
