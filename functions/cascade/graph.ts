import { imagesOf } from '../../core/cascade/dependents.ts';
import type { Project } from '../../core/model/project.ts';
import { mayBuildOn } from '../../core/visibility/may-build-on.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { Projects } from '../../services/tables/projects.ts';

export interface GraphServices {
  projects: Pick<Projects, 'getMany' | 'all'>;
  dependents: Pick<Dependents, 'ofMany' | 'all'>;
}

/** Above this number of projects, reading both tables whole is faster than single queries. */
const mostQueried = 2000;

/**
 * The dependents of some projects, their dependents, and so on: for each active project that can be reached, the projects that depend on its
 * images and may be built on them. Projects that have left the index are left out.
 */
export async function graphBelow(
  roots: readonly string[],
  { projects, dependents }: GraphServices,
  most = mostQueried,
): Promise<Map<string, string[]>> {
  const children = new Map<string, string[]>();
  const known = new Map<string, Project>();
  const seen = new Set(roots);
  let level = [...seen];
  while (level.length > 0) {
    if (seen.size > most) return wholeGraph({ projects, dependents });
    const active = (await projects.getMany(level)).filter((project) => project.active);
    const dependentsByImage = await dependents.ofMany(active.flatMap(imagesOf));
    for (const project of active) {
      known.set(project.name, project);
      children.set(project.name, childrenOf(project, dependentsByImage));
    }
    level = [...new Set(active.flatMap(({ name }) => children.get(name) ?? []))].filter((name) => !seen.has(name));
    for (const name of level) seen.add(name);
  }
  return withoutOthers(children, known);
}

/** Those of the dependents of a project that may be built on its images. */
export async function allowedDependents(
  name: string,
  names: Iterable<string>,
  { projects }: Pick<GraphServices, 'projects'>,
): Promise<Set<string>> {
  const [base] = await projects.getMany([name]);
  if (base?.visibility !== 'private') return new Set(names);
  const found = await projects.getMany([...names]);
  return new Set(found.filter((project) => mayBuildOn(project, base)).map((project) => project.name));
}

/** The direct dependents of a project's branch, including those that have left the index. */
export async function dependentsOfBranch(name: string, { projects, dependents }: GraphServices): Promise<string[]> {
  const [project] = await projects.getMany([name]);
  return project ? childrenOf(project, await dependents.ofMany(imagesOf(project))) : [];
}

async function wholeGraph({ projects, dependents }: GraphServices): Promise<Map<string, string[]>> {
  const [all, dependentsByImage] = await Promise.all([projects.all(), dependents.all()]);
  const known = new Map(all.filter(({ active }) => active).map((project) => [project.name, project]));
  const children = new Map([...known].map(([name, project]) => [name, childrenOf(project, dependentsByImage)]));
  return withoutOthers(children, known);
}

function childrenOf(project: Project, dependentsByImage: Map<string, string[]>): string[] {
  const children = new Set(imagesOf(project).flatMap((image) => dependentsByImage.get(image) ?? []));
  children.delete(project.name);
  return [...children];
}

/** Leaves out who is not known, and who names a private image in a Dockerfile without leave: it would learn of each release. */
function withoutOthers(children: Map<string, string[]>, known: Map<string, Project>): Map<string, string[]> {
  for (const [name, own] of children) {
    const base = known.get(name);
    const follows = (child: string) => {
      const project = known.get(child);
      return base !== undefined && project !== undefined && mayBuildOn(project, base);
    };
    if (own.length > 0) children.set(name, own.filter(follows).sort());
  }
  return children;
}
