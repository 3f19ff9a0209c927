/** A project of a cascade, and its parents that are rebuilt before it. */
export interface CascadeMember {
  project: string;
  parents: string[];
  /** The number of projects before it on the longest path from a root; 0 for one that waits for no parent. */
  level: number;
}

export interface CascadePlan {
  /** Each project once, however many paths lead to it, and after all of its parents. */
  members: CascadeMember[];
  /** Groups of projects that depend on one another, sorted. Of their edges only those from a smaller name to a larger one count. */
  cycles: string[][];
}

/**
 * All dependents of the roots, in build order. Nothing here is recursive, so that a long chain cannot overflow the stack.
 * A cycle is broken at the same edges whatever the roots are, so that two cascades never wait for each other.
 * @param childrenOf the projects that depend on a project
 */
export function planCascade(roots: Iterable<string>, childrenOf: (project: string) => Iterable<string>): CascadePlan {
  const graph = reach(roots, childrenOf);
  const cycles = breakCycles(graph);
  return { members: inOrder(graph), cycles };
}

interface Graph {
  names: string[];
  children: number[][];
  rootCount: number;
}

/** Collects all reachable projects. Each is a number, its index in `names`; the roots come first. */
function reach(roots: Iterable<string>, childrenOf: (project: string) => Iterable<string>): Graph {
  const names = [...new Set(roots)];
  const numbers = new Map(names.map((name, at) => [name, at]));
  const children: number[][] = [];
  const rootCount = names.length;
  for (let at = 0; at < names.length; at++) {
    const own = new Set<number>();
    for (const child of childrenOf(names[at] ?? '')) {
      let number = numbers.get(child);
      if (number === undefined) {
        number = names.length;
        numbers.set(child, number);
        names.push(child);
      }
      if (number !== at) own.add(number);
    }
    children.push([...own]);
  }
  return { names, children, rootCount };
}

/** Drops the edges that close a cycle. */
function breakCycles(graph: Graph): string[][] {
  const { names, children } = graph;
  const component = components(children);
  const members = Map.groupBy(names.keys(), (at) => component[at] ?? at);
  const cycles = [...members.values()].filter(({ length }) => length > 1);
  for (const cycle of cycles) {
    for (const from of cycle) {
      const kept = (to: number) => component[to] !== component[from] || (names[from] ?? '') < (names[to] ?? '');
      children[from] = children[from]?.filter(kept) ?? [];
    }
  }
  return cycles.map((cycle) => cycle.map((at) => names[at] ?? '').sort()).sort();
}

/** The strongly connected components, by Tarjan's algorithm: for each node the number of its component. */
function components(children: number[][]): Int32Array {
  const component = new Int32Array(children.length).fill(-1);
  const order = new Int32Array(children.length).fill(-1);
  const low = new Int32Array(children.length);
  const nextChild = new Int32Array(children.length);
  const open: number[] = [];
  let visited = 0;
  for (let start = 0; start < children.length; start++) {
    if (order[start] !== -1) continue;
    const path = [start];
    while (path.length > 0) {
      const at = path[path.length - 1] as number;
      if (order[at] === -1) {
        order[at] = low[at] = visited++;
        open.push(at);
      }
      const child = children[at]?.[nextChild[at] as number];
      if (child !== undefined) {
        nextChild[at] = (nextChild[at] as number) + 1;
        if (order[child] === -1) path.push(child);
        else if (component[child] === -1) low[at] = Math.min(low[at] as number, order[child] as number);
        continue;
      }
      path.pop();
      const before = path[path.length - 1];
      if (before !== undefined) low[before] = Math.min(low[before] as number, low[at] as number);
      if (low[at] !== order[at]) continue;
      let member: number | undefined;
      do {
        member = open.pop() as number;
        component[member] = at;
      } while (member !== at);
    }
  }
  return component;
}

/** The projects that the roots still reach, parents first (Kahn's algorithm). */
function inOrder({ names, children, rootCount }: Graph): CascadeMember[] {
  const parents: number[][] = names.map(() => []);
  const reached = Uint8Array.from(names, (_, at) => (at < rootCount ? 1 : 0));
  const queue = Array.from({ length: rootCount }, (_, at) => at);
  for (const at of queue) {
    for (const child of children[at] ?? []) {
      parents[child]?.push(at);
      if (!reached[child]) queue.push(child);
      reached[child] = 1;
    }
  }
  const waitsFor = Int32Array.from(parents, ({ length }) => length);
  const level = new Int32Array(names.length);
  const ordered = queue.filter((at) => waitsFor[at] === 0);
  for (const at of ordered) {
    for (const child of children[at] ?? []) {
      level[child] = Math.max(level[child] as number, (level[at] as number) + 1);
      waitsFor[child] = (waitsFor[child] as number) - 1;
      if (waitsFor[child] === 0) ordered.push(child);
    }
  }
  return ordered.map((at) => ({
    project: names[at] ?? '',
    parents: (parents[at] ?? []).map((parent) => names[parent] ?? ''),
    level: level[at] as number,
  }));
}
