import { createHash } from 'node:crypto';
import type { PackageUpdate } from './package-updates.ts';

/** As many updates of an image are told apart; it is far out of date with more, and rebuilt anyhow. */
const mostRemembered = 500;
const markLength = 8;
/** What a trigger carries for people to read. */
const mostTold = 50;

export interface PackagesLook {
  project: string;
  updates: readonly PackageUpdate[];
  /** The marks of the updates that a rebuild was called for already. */
  tried: string;
  /** All of the image's repositories could be read. */
  isComplete: boolean;
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
  /** By project: what its record keeps as tried from now on. */
  tried: Map<string, string>;
}

/**
 * Which projects are to be rebuilt for updates that no rebuild was called for yet. A project whose parent is rebuilt in the same run
 * waits: the release of the parent rebuilds it, with the parent's new packages and every layer of its own anew. If nothing comes of
 * that, its updates are still untried in the next run.
 */
export function planPackageRebuilds(
  looks: readonly PackagesLook[],
  parentsOf: (project: string) => readonly string[],
): PackagesPlan {
  const untried = new Set(
    looks.filter((look) => marksOf(look).some((mark) => !isTried(look, mark))).map(({ project }) => project),
  );
  const ancestorsOf = ancestry(parentsOf);
  const plan: PackagesPlan = { rebuilds: [], tried: new Map() };
  for (const look of looks) {
    const marks = marksOf(look);
    const isRebuilt = untried.has(look.project) && !waits(look.project, untried, ancestorsOf);
    if (isRebuilt) {
      const hash = createHash('sha256')
        .update(`${look.project}\n${marks.join('')}`)
        .digest('hex')
        .slice(0, 32);
      plan.rebuilds.push({
        project: look.project,
        hash,
        updates: look.updates.slice(0, mostTold),
        total: look.updates.length,
      });
    }
    // What a repository that is out of reach had to offer is not new when it is back.
    const remembered = marksIn(look.tried).filter((mark) => !look.isComplete || marks.includes(mark));
    const added = isRebuilt ? marks : [];
    plan.tried.set(look.project, [...new Set([...added, ...remembered])].slice(0, 2 * mostRemembered).join(''));
  }
  return plan;
}

/** Of projects that stand on one another in a circle the first by name goes ahead. */
function waits(
  project: string,
  untried: ReadonlySet<string>,
  ancestorsOf: (project: string) => ReadonlySet<string>,
): boolean {
  return [...ancestorsOf(project)].some((one) => untried.has(one) && (one < project || !ancestorsOf(one).has(project)));
}

function ancestry(parentsOf: (project: string) => readonly string[]): (project: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (project) => {
    const found = known.get(project) ?? new Set(reachable(project, parentsOf));
    known.set(project, found);
    return found;
  };
}

/** Everything above a project, without itself. */
function reachable(project: string, parentsOf: (project: string) => readonly string[]): string[] {
  const seen = new Set([project]);
  for (const next of seen) for (const parent of parentsOf(next)) seen.add(parent);
  return [...seen].slice(1);
}

function marksOf({ updates }: PackagesLook): string[] {
  return updates
    .slice(0, mostRemembered)
    .map((update) =>
      createHash('sha256').update(`${update.package} ${update.available}`).digest('hex').slice(0, markLength),
    );
}

function marksIn(tried: string): string[] {
  return tried.match(new RegExp(`.{${markLength}}`, 'g')) ?? [];
}

function isTried({ tried }: PackagesLook, mark: string): boolean {
  return marksIn(tried).includes(mark);
}
