import type { Announce } from '../cascade/announce.ts';
import type { Planner } from './planner.ts';

/** Updates of an image's packages rebuild it without the cached layers that hold the old ones, and then its dependents. */
export function createPackagesChangedPlanner({ announce }: { announce: Announce }): Planner<'packages-changed'> {
  return async ({ id, project, updates, total }) => {
    const lines = updates.map((update) => `${update.package} ${update.installed} → ${update.available}`);
    const { cascade, members, unfinished } = await announce({
      id,
      cause: { type: 'packages-changed', updates: lines, total },
      roots: [{ project, noCache: true }],
    });
    if (!cascade) return { outcome: `ignored: ${project} is not in the index`, builds: [] };
    return { outcome: `cascade ${cascade}: ${members} projects`, builds: [], unfinished };
  };
}
