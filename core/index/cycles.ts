import type { Project } from '../model/project.ts';

export interface Cycle {
  /** From one entry to one of its parents and so on, back to the first. */
  path: string[];
  /** All entries that depend on each other, including those that are not on the path. */
  members: Project[];
}

/**
 * The entries that depend on each other. Tarjan's algorithm with its own stack instead of recursion, because untrusted users can write a
 * chain of a hundred thousand entries.
 */
export function cyclesAmong(projects: Project[]): Cycle[] {
  const byName = new Map(projects.map((project) => [project.name, project]));
  const parentsOf = (project: Project) => project.dependsOn.flatMap((name) => byName.get(name) ?? []);
  const order = new Map<Project, number>();
  const lowest = new Map<Project, number>();
  const open: Project[] = [];
  const isOpen = new Set<Project>();
  const cycles: Cycle[] = [];
  const lower = (project: Project, number: number) =>
    lowest.set(project, Math.min(lowest.get(project) ?? Infinity, number));
  const enter = (project: Project) => {
    order.set(project, order.size);
    lower(project, order.size - 1);
    open.push(project);
    isOpen.add(project);
    return { project, parents: parentsOf(project).values() };
  };

  for (const root of projects) {
    if (order.has(root)) continue;
    const branch = [enter(root)];
    for (let step = branch.at(-1); step; step = branch.at(-1)) {
      const { project, parents } = step;
      const { value: parent, done } = parents.next();
      if (!done) {
        if (!order.has(parent)) branch.push(enter(parent));
        else if (isOpen.has(parent)) lower(project, order.get(parent) ?? Infinity);
        continue;
      }
      branch.pop();
      const child = branch.at(-1)?.project;
      if (child) lower(child, lowest.get(project) ?? Infinity);
      if (lowest.get(project) !== order.get(project)) continue;
      const members = open.splice(open.lastIndexOf(project));
      for (const member of members) isOpen.delete(member);
      if (members.length > 1) cycles.push({ path: shortestPath(project, new Set(members), parentsOf), members });
    }
  }
  return cycles;
}

/** The shortest path from an entry back to itself, among entries that depend on each other. */
function shortestPath(
  start: Project,
  members: ReadonlySet<Project>,
  parentsOf: (project: Project) => Project[],
): string[] {
  const cameFrom = new Map<Project, Project>();
  const queue = [start];
  for (const project of queue) {
    for (const parent of parentsOf(project)) {
      if (parent === start) {
        const path = [start.name];
        for (let at: Project | undefined = project; at && at !== start; at = cameFrom.get(at)) path.unshift(at.name);
        return [start.name, ...path];
      }
      if (!members.has(parent) || cameFrom.has(parent)) continue;
      cameFrom.set(parent, project);
      queue.push(parent);
    }
  }
  return [start.name];
}
