import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createPackagesChangedPlanner(_services: PlanServices): Planner<'packages-changed'> {
  return async () => ({ outcome: 'ignored: packages-changed starts nothing yet', builds: [] });
}
