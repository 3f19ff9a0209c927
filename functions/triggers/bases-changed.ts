import { isConcerned, watchedName } from '../../core/bases/base-status.ts';
import type { BaseChange } from '../../core/bases/base-watch.ts';
import type { Rebuild } from '../../core/cascade/rebuild-state.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import type { Cause } from '../../core/model/build.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
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
    const roots = records.flatMap((project) => {
      const changes = (edges.get(project.name) ?? [])
        .filter(({ change, edge }) => isConcerned(project.bases ?? [], edge.declared ?? false, change))
        .map(({ change }) => change)
        .filter((change) => !hasBegunSince(states.get(project.name), change.seenAt));
      return project.active && changes.length > 0 ? [{ project: project.name, cause: causeOf(project, changes) }] : [];
    });

    const cause: Cause = { type: 'bases-changed', bases: bases.map(({ seenAt: _, ...change }) => change) };
    const { cascade, members, unfinished } = await announce({ id, cause, roots });
    if (!cascade) return { outcome: 'ignored: no project is based on an older one', builds: [] };
    return { outcome: `cascade ${cascade}: ${members} projects`, builds: [], unfinished };
  };
}

/** A build that began after the digest was seen uses that digest, or a newer one, which gets a trigger of its own. */
function hasBegunSince(state: Rebuild | undefined, seenAt: string | undefined): boolean {
  const { pending } = state ?? {};
  return seenAt !== undefined && pending?.state === 'building' && pending.since > seenAt;
}

/** The project itself may be based on an older digest than the other projects. */
function causeOf({ bases = [] }: ProjectRecord, changes: readonly BaseChange[]): Cause {
  const previousOf = ({ image, previous }: BaseChange) =>
    bases.find((base) => watchedName(base) === image)?.digest ?? previous;
  return {
    type: 'bases-changed',
    bases: changes.map((change) => ({
      image: change.image,
      digest: change.digest,
      previous: previousOf(change),
    })),
  };
}
