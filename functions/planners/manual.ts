import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createManualPlanner(_services: PlanServices): Planner<'manual'> {
  return async () => ({ outcome: 'ignored: manual starts nothing yet', builds: [] });
}
