import { createHash } from 'node:crypto';
import type { PackageUpdate } from './updates.ts';

/** As many updates of an image are told apart; it is far out of date with more, and rebuilt anyhow. */
const mostRemembered = 500;
const markLength = 8;
/** What a trigger carries for people to read. */
const mostTold = 50;

/** What is kept of a project from run to run. An update is remembered by a mark, a short hash; marks stand one after another. */
export interface PackagesMemory {
  /** The updates that the project was rebuilt for already. */
  tried: string;
  /** The updates that were left to a parent's rebuild, and the released builds of both at that time. */
  waiting?: { marks: string; build: string; parent: string; parentBuild: string } | undefined;
}

export interface PackagesLook {
  project: string;
  /** The build that is released. */
  build: string;
  updates: readonly PackageUpdate[];
  /** All of the image's repositories could be read. */
  isComplete: boolean;
  memory: PackagesMemory;
}

export interface PackagesRebuild {
  project: string;
  /** The same for the same news. */
  hash: string;
  updates: PackageUpdate[];
  total: number;
}

export interface PackagesPlan {
  rebuilds: PackagesRebuild[];
  /** By project: what is kept of it from now on. */
  memories: Map<string, PackagesMemory>;
}

interface Projects {
  parentsOf: (project: string) => readonly string[];
  /** The released build. */
  buildOf: (project: string) => string | undefined;
}

/**
 * Which projects are to be rebuilt for updates that no rebuild was for yet. A project whose parent is rebuilt in the same run waits: the
 * release of the parent rebuilds it, on other layers, so that all of its own are made anew. Where that has happened by the next run,
 * its updates were tried; where it has not, it is rebuilt by itself.
 */
export function planPackageRebuilds(looks: readonly PackagesLook[], { parentsOf, buildOf }: Projects): PackagesPlan {
  const judged = looks.map((look) => ({ ...look, marks: marksOf(look), tried: triedOf(look, buildOf) }));
  const untried = new Set(
    judged.filter(({ marks, tried }) => marks.some((mark) => !tried.includes(mark))).map(({ project }) => project),
  );
  const ancestorsOf = ancestry(parentsOf);
  const waits = (project: string) =>
    [...ancestorsOf(project)].some(
      // Of projects that stand on one another in a circle the first by name goes ahead.
      (one) => untried.has(one) && (one < project || !ancestorsOf(one).has(project)),
    );
  const rebuilt = new Set([...untried].filter((project) => !waits(project)));

  const plan: PackagesPlan = { rebuilds: [], memories: new Map() };
  for (const { project, build, updates, isComplete, marks, tried } of judged) {
    if (rebuilt.has(project)) {
      const hash = sha256(`${project}\n${marks.join('')}`).slice(0, 32);
      plan.rebuilds.push({ project, hash, updates: updates.slice(0, mostTold), total: updates.length });
    }
    // What a repository that is out of reach had to offer is not new when it is back.
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

/** The marks of what the project was rebuilt for, be it after a parent that it waited for. */
function triedOf({ build, memory: { tried, waiting } }: PackagesLook, buildOf: Projects['buildOf']): string[] {
  const hasFollowed = waiting && waiting.build !== build && waiting.parentBuild !== buildOf(waiting.parent);
  return marksIn(hasFollowed ? tried + waiting.marks : tried);
}

function ancestry(parentsOf: Projects['parentsOf']): (project: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (project) => {
    const found = known.get(project) ?? new Set(reachable(project, parentsOf));
    known.set(project, found);
    return found;
  };
}

/** Everything above a project, without itself. */
function reachable(project: string, parentsOf: Projects['parentsOf']): string[] {
  const seen = new Set([project]);
  for (const next of seen) for (const parent of parentsOf(next)) seen.add(parent);
  return [...seen].slice(1);
}

function marksOf({ updates }: PackagesLook): string[] {
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
