import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createSchedulePlanner(_services: PlanServices): Planner<'schedule'> {
  return async () => ({ outcome: 'ignored: schedule starts nothing yet', builds: [] });
}
