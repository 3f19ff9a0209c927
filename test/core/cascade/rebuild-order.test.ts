import { describe, expect, it } from 'vitest';
import { planCascade } from '../../../core/cascade/rebuild-order.ts';
import { numbers } from '../numbers.ts';
import { createCascadeWorld } from './cascade-world.ts';

const graphOf =
  (edges: Record<string, string[]>) =>
  (project: string): string[] =>
    edges[project] ?? [];
const order = (roots: string[], edges: Record<string, string[]>) =>
  planCascade(roots, graphOf(edges)).members.map(({ project }) => project);

describe('a cascade has', () => {
  it('everything below its roots, each once, parents first', () => {
    const edges = { base: ['left', 'right', 'top'], left: ['top'], right: ['top'], top: ['roof'], other: ['left'] };
    expect(order(['base'], edges)).toEqual(['base', 'left', 'right', 'top', 'roof']);
    expect(planCascade(['base'], graphOf(edges)).members.at(3)).toEqual({
      project: 'top',
      parents: ['base', 'left', 'right'],
      level: 2,
    });
  });

  it('a root below another root once, and in its position', () => {
    expect(order(['top', 'base', 'top'], { base: ['middle'], middle: ['top'] })).toEqual(['base', 'middle', 'top']);
  });

  it('a project that depends on itself, as if it did not', () => {
    expect(planCascade(['a'], graphOf({ a: ['a', 'b'] }))).toEqual({
      members: [
        { project: 'a', parents: [], level: 0 },
        { project: 'b', parents: ['a'], level: 1 },
      ],
      cycles: [],
    });
  });

  it('a cycle broken in the same position, wherever it is entered', () => {
    const edges = { a: ['b'], b: ['c'], c: ['a', 'leaf'], root: ['b'] };
    const plan = planCascade(['root'], graphOf(edges));
    expect(plan.cycles).toEqual([['a', 'b', 'c']]);
    expect(plan.members.map(({ project, parents }) => [project, parents])).toEqual([
      ['root', []],
      ['b', ['root']],
      ['c', ['b']],
      ['leaf', ['c']],
    ]);
    expect(order(['a'], edges)).toEqual(['a', 'b', 'c', 'leaf']);
    expect(order(['c'], edges)).toEqual(['c', 'leaf']);
  });

  it('chains of any length', () => {
    const length = 200_000;
    const next = (project: string) => (Number(project) < length ? [String(Number(project) + 1)] : []);
    const { members } = planCascade(['0'], next);
    expect(members).toHaveLength(length + 1);
    expect(members.at(-1)?.level).toBe(length);
  });
});

interface Graph {
  children: Map<string, string[]>;
  parents: Map<string, string[]>;
  names: string[];
}

/** A graph in which everything depends on some of what came before it. */
function randomGraph(size: number, pick: (limit: number) => number): Graph {
  const names = Array.from({ length: size }, (_, at) => `p${at}`);
  const parents = new Map(
    names.map((name, at) => {
      const count = at === 0 ? 0 : pick(Math.min(at, 3) + 1);
      return [name, [...new Set(Array.from({ length: count }, () => `p${pick(at)}`))]];
    }),
  );
  const children = new Map(names.map((name) => [name, names.filter((child) => parents.get(child)?.includes(name))]));
  return { children, parents, names };
}

const below = ({ children }: Graph, roots: string[]) =>
  new Set(planCascade(roots, (name) => children.get(name) ?? []).members.map(({ project }) => project));

describe('whatever the order of ends and steps', () => {
  it.each(Array.from({ length: 150 }, (_, at) => at + 1))(
    'each project is built once, after its parents (%i)',
    (seed) => {
      const pick = numbers(seed * 7919);
      const graph = randomGraph(2 + pick(30), pick);
      const failing = new Set(graph.names.filter(() => pick(12) === 0));
      const world = createCascadeWorld({
        ...graph,
        pick,
        endOf: (project) => (failing.has(project) ? 'failed' : 'released'),
      });
      const roots = ['p0', graph.names[pick(graph.names.length)] ?? 'p0'];
      world.announce('n', roots);
      while (world.advance());

      const concerned = below(graph, roots);
      const skipped = below(
        graph,
        graph.names.filter((name) => failing.has(name) && concerned.has(name)),
      );
      const expected = [...concerned].filter((name) => {
        const parents = (graph.parents.get(name) ?? []).filter((parent) => concerned.has(parent));
        return !parents.some((parent) => skipped.has(parent) || failing.has(parent));
      });
      expect(world.begun.map(({ project }) => project).sort()).toEqual(expected.sort());
      for (const { project, moment } of world.begun) {
        for (const parent of graph.parents.get(project) ?? []) {
          if (!concerned.has(parent)) continue;
          const end = world.ended.find((each) => each.project === parent);
          expect(end && end.moment < moment).toBe(true);
        }
      }
      for (const state of world.states.values()) expect(state.pending).toBeUndefined();
    },
  );

  it.each(Array.from({ length: 150 }, (_, at) => at + 1))(
    'an event in the middle leaves no project behind (%i)',
    (seed) => {
      const pick = numbers(seed * 104_729);
      const graph = randomGraph(2 + pick(25), pick);
      const world = createCascadeWorld({ ...graph, pick, endOf: () => 'released' });
      const calls = new Map<string, number>();
      const announce = (id: string) => {
        const roots = [graph.names[pick(graph.names.length)] ?? 'p0'];
        for (const name of below(graph, roots)) calls.set(name, (calls.get(name) ?? 0) + 1);
        world.announce(id, roots);
        // The same news again changes nothing.
        if (pick(3) === 0) world.announce(id, roots);
      };
      announce('first');
      for (let news = 0; news < 4; news++) {
        for (let count = pick(60); count > 0; count--) world.advance();
        announce(`news ${news}`);
      }
      while (world.advance());

      for (const [name, count] of calls) {
        const builds = world.begun.filter(({ project }) => project === name);
        expect(builds.length).toBeGreaterThanOrEqual(1);
        expect(builds.length).toBeLessThanOrEqual(count);
        const last = builds.at(-1)?.moment ?? -1;
        for (const parent of graph.parents.get(name) ?? []) {
          // No parent has released anything after the last build of what depends on it.
          const release = world.ended.findLast(({ project }) => project === parent)?.moment ?? -1;
          expect(release).toBeLessThan(last);
        }
      }
      for (const state of world.states.values()) expect(state.pending).toBeUndefined();
    },
  );
});
