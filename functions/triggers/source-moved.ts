import type { Cause } from '../../core/model/build.ts';
import { buildsRef } from '../../core/sources/plan-push.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import { buildsOf, type PlanRefs } from '../builds/plan-refs.ts';
import type { ApplyIndex } from '../index/apply-index.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'bySource' | 'get'>;
  planRefs: PlanRefs;
  applyIndex: ApplyIndex;
  index: { source: string; ref: string };
}

/** Builds the heads that no event reported, just as those of a push. */
export function createSourceMovedPlanner({ projects, planRefs, applyIndex, index }: Services): Planner<'source-moved'> {
  /** A new entry waits until the images that it depends on are released; their release builds it. */
  async function isDue({ dependsOn }: Pick<ProjectRecord, 'dependsOn'>): Promise<boolean> {
    for (const name of dependsOn) {
      const parent = await projects.get(name);
      if (parent?.active && !parent.released) return false;
    }
    return true;
  }

  return async function planSourceMoved({ source, refs }) {
    const tracking = (await projects.bySource(source)).filter(({ active }) => active);
    const tasks = refs.flatMap((ref) =>
      tracking.filter((project) => buildsRef(project, ref)).map((project) => ({ project, ref })),
    );
    const causeOf = (ref: string, commit: string): Cause => ({ type: 'source-moved', ref, commit });
    const { outcomes } = await planRefs(tasks, { causeOf, isDue });
    const builds = buildsOf(outcomes).map(({ id }) => id);
    if (source !== index.source || !refs.includes(index.ref)) return { outcome: `started ${builds.length}`, builds };
    const { outcome, unfinished } = await applyIndex();
    return { outcome, builds, unfinished };
  };
}
