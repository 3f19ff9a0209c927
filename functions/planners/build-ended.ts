import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createBuildEndedPlanner(_services: PlanServices): Planner<'build-ended'> {
  return async () => ({ outcome: 'ignored: build-ended starts nothing yet', builds: [] });
}
