import type { CascadeMember } from './member.ts';

/** How many members are in each state; states that none is in are absent. */
export type StateCounts = Partial<Record<CascadeMember['state'], number>>;

/** How far a cascade has come, however many members it has. */
export interface CascadeProgress {
  counts: StateCounts;
  /** First those that wait for no other member, then those that wait for these alone, and so on. */
  levels: StateCounts[];
  /** What somebody looks for first: what has failed or is blocked, then what is built, the newest first. */
  first: CascadeMember[];
  /** When a member last came into another state. */
  changedAt: string;
}

const firstStates: readonly CascadeMember['state'][] = ['failed', 'blocked', 'building'];
const mostOfState = 10;

export function progressOf(members: readonly CascadeMember[], startedAt: string): CascadeProgress {
  const levelOf = levelsOf(members);
  const levels: StateCounts[] = [];
  for (const { project, state } of members) {
    const level = levelOf.get(project) ?? 0;
    levels[level] ??= {};
    levels[level][state] = (levels[level][state] ?? 0) + 1;
  }
  const byState = Map.groupBy(members, ({ state }) => state);
  return {
    counts: Object.fromEntries([...byState].map(([state, own]) => [state, own.length])),
    levels,
    first: firstStates.flatMap((state) => newest(byState.get(state) ?? []).slice(0, mostOfState)),
    changedAt: [startedAt, ...members.map(({ since }) => since)].sort().at(-1) ?? startedAt,
  };
}

function newest(members: readonly CascadeMember[]): CascadeMember[] {
  return members.toSorted((one, other) => (one.since < other.since ? 1 : -1));
}

/** Each member's is one above the highest of its parents in the cascade. Parents that wait for one another, after a change of an edge, are left. */
function levelsOf(members: readonly CascadeMember[]): Map<string, number> {
  const names = new Set(members.map(({ project }) => project));
  const children = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const { project, parents } of members) {
    const own = parents.filter((parent) => names.has(parent));
    open.set(project, own.length);
    for (const parent of own) {
      const known = children.get(parent);
      if (known) known.push(project);
      else children.set(parent, [project]);
    }
  }
  const levels = new Map([...open].filter(([, count]) => count === 0).map(([name]) => [name, 0]));
  // A Map's iteration also goes over what is added meanwhile.
  for (const [name, level] of levels)
    for (const child of children.get(name) ?? []) {
      const left = (open.get(child) ?? 0) - 1;
      open.set(child, left);
      // The last parent that is reached is one of the highest level, because levels are gone through in order.
      if (left === 0) levels.set(child, level + 1);
    }
  return levels;
}
