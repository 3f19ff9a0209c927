import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

export function createPullRequestPlanner(_services: PlanServices): Planner<'pull-request'> {
  return async () => ({ outcome: 'ignored: pull-request starts nothing yet', builds: [] });
}
