import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createCascadeStepPlanner(_services: PlanServices): Planner<'cascade-step'> {
  return async () => ({ outcome: 'ignored: cascade-step starts nothing yet', builds: [] });
}
