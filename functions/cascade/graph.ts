import { imagesOf } from '../../core/cascade/dependents.ts';
import type { Project } from '../../core/model/project.ts';
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
 * images. Projects that have left the index are left out.
 */
export async function graphBelow(
  roots: readonly string[],
  { projects, dependents }: GraphServices,
  most = mostQueried,
): Promise<Map<string, string[]>> {
  const children = new Map<string, string[]>();
  const seen = new Set(roots);
  let level = [...seen];
  while (level.length > 0) {
    if (seen.size > most) return wholeGraph({ projects, dependents });
    const active = (await projects.getMany(level)).filter((project) => project.active);
    const dependentsByImage = await dependents.ofMany(active.flatMap(imagesOf));
    for (const project of active) children.set(project.name, childrenOf(project, dependentsByImage));
    level = [...new Set(active.flatMap(({ name }) => children.get(name) ?? []))].filter((name) => !seen.has(name));
    for (const name of level) seen.add(name);
  }
  return onlyKnown(children);
}

/** The direct dependents of a project's branch, including those that have left the index. */
export async function dependentsOfBranch(name: string, { projects, dependents }: GraphServices): Promise<string[]> {
  const [project] = await projects.getMany([name]);
  return project ? childrenOf(project, await dependents.ofMany(imagesOf(project))) : [];
}

async function wholeGraph({ projects, dependents }: GraphServices): Promise<Map<string, string[]>> {
  const [all, dependentsByImage] = await Promise.all([projects.all(), dependents.all()]);
  return onlyKnown(
    new Map(
      all.filter(({ active }) => active).map((project) => [project.name, childrenOf(project, dependentsByImage)]),
    ),
  );
}

function childrenOf(project: Project, dependentsByImage: Map<string, string[]>): string[] {
  const children = new Set(imagesOf(project).flatMap((image) => dependentsByImage.get(image) ?? []));
  children.delete(project.name);
  return [...children];
}

function onlyKnown(children: Map<string, string[]>): Map<string, string[]> {
  for (const [name, own] of children) {
    if (own.length > 0) children.set(name, own.filter((child) => children.has(child)).sort());
  }
  return children;
}
