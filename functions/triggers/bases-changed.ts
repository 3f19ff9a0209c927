import { causeOfChanges, isConcerned } from '../../core/bases/base-status.ts';
import { hasBegunSince } from '../../core/cascade/announcement.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import type { Cause } from '../../core/model/build.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { Announce } from '../cascade/announce.ts';
import type { Planner } from './planner.ts';

interface Services {
  dependents: Pick<Dependents, 'of'>;
  projects: Pick<Projects, 'getMany'>;
  rebuilds: Pick<Rebuilds, 'getMany'>;
  announce: Announce;
}

const queriesAtOnce = 32;

/** New digests of base images rebuild the projects that are based on older ones, each once for all digests, and then their dependents. */
export function createBasesChangedPlanner({
  dependents,
  projects,
  rebuilds,
  announce,
}: Services): Planner<'bases-changed'> {
  return async ({ id, bases }) => {
    const affected = await mapConcurrently(bases, queriesAtOnce, async (change) =>
      (await dependents.of(change.image)).map((edge) => ({ change, edge })),
    );
    const edges = Map.groupBy(affected.flat(), ({ edge }) => edge.project);
    const names = [...edges.keys()];
    const [records, states] = await Promise.all([projects.getMany(names), rebuilds.getMany(names)]);
    const roots = records.flatMap(({ name, active, bases: used = [] }) => {
      const changes = (edges.get(name) ?? [])
        .filter(({ change, edge }) => isConcerned(used, edge.declared ?? false, change))
        .map(({ change }) => change)
        .filter((change) => !hasBegunSince(states.get(name), change.seenAt));
      return active && changes.length > 0 ? [{ project: name, cause: causeOfChanges(used, changes) }] : [];
    });

    const cause: Cause = { type: 'bases-changed', bases: bases.map(({ seenAt: _, ...change }) => change) };
    const { cascade, members, unfinished } = await announce({ id, cause, roots });
    if (!cascade) return { outcome: 'ignored: no project is based on an older one', builds: [] };
    return { outcome: `cascade ${cascade}: ${members} projects`, builds: [], unfinished };
  };
}
