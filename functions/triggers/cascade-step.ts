import type { Members } from '../cascade/advance-member.ts';
import { stalled } from '../cascade/announce.ts';
import type { Planner } from './planner.ts';

/** Advances one project of a cascade, whose parents may have ended their rounds. */
export function createCascadeStepPlanner({ members }: { members: Pick<Members, 'step'> }): Planner<'cascade-step'> {
  return async ({ cascade, project }) => {
    const { builds, unfinished } = await members.step(project, cascade === stalled);
    return { outcome: `cascade: ${builds.length} started`, builds, unfinished };
  };
}
