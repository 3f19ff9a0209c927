import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createApprovalPlanner(_services: PlanServices): Planner<'approval'> {
  return async () => ({ outcome: 'ignored: approval starts nothing yet', builds: [] });
}
