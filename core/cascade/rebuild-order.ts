/** A project of a cascade, and those of its parents that are rebuilt before it. */
export interface CascadeMember {
  project: string;
  parents: string[];
  /** How many are before it on the longest way from a root: 0 waits for nothing. */
  level: number;
}

export interface CascadePlan {
  /** Each once, however many ways lead to it, and after all of its parents. */
  members: CascadeMember[];
  /** Projects that stand on one another, sorted; of their edges only those count that go from the smaller name to the larger. */
  cycles: string[][];
}

/**
 * Everything that stands on the roots, in the order of building. Nothing in it is recursive: chains may be as long as they like.
 * A cycle is broken in the same place whatever the roots are, so that two cascades never wait for each other.
 * @param childrenOf the projects that stand on one
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

/** The roots come first; numbers stand for the names. */
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

/** The strongly connected components, by Tarjan's algorithm: for each node the number of its own. */
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

/** Parents first (Kahn), of what the roots still reach. */
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
