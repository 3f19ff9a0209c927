import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createSourceMovedPlanner(_services: PlanServices): Planner<'source-moved'> {
  return async () => ({ outcome: 'ignored: source-moved starts nothing yet', builds: [] });
}
