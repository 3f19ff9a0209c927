import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createBasesChangedPlanner(_services: PlanServices): Planner<'bases-changed'> {
  return async () => ({ outcome: 'ignored: bases-changed starts nothing yet', builds: [] });
}
