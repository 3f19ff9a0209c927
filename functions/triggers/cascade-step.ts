import { createMembers } from '../cascade/advance-member.ts';
import { unmoved } from '../cascade/announce.ts';
import type { PlanServices } from '../wiring/plan-services.ts';
import type { Planner } from './planner.ts';

/** Looks at one project of a cascade: what it waits for may be through. */
export function createCascadeStepPlanner(services: PlanServices): Planner<'cascade-step'> {
  const members = createMembers(services);
  return async ({ cascade, project }) => {
    const { builds, unfinished } = await members.step(project, cascade === unmoved);
    return { outcome: `cascade: ${builds.length} started`, builds, unfinished };
  };
}
