import type { Cause } from '../../core/build.ts';
import { planPush } from '../../core/plan.ts';
import { createIndexPushPlanner } from './index-push.ts';
import type { Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

/** A push builds the projects that track its branch; a push of the index brings the projects in line with it. */
export function createPushPlanner(services: PlanServices): Planner<'push'> {
  const { startBuild, projects, index } = services;
  const planIndexPush = createIndexPushPlanner(services);

  return async function planSourcePush(push) {
    if (push.source === index.source && push.ref === index.ref) return planIndexPush(push);
    const plan = planPush(push, await projects.bySource(push.source));
    if ('ignored' in plan) return { outcome: `ignored: ${plan.ignored}`, builds: [] };
    const cause: Cause = { type: 'push', delivery: push.id, ref: push.ref, commit: plan.commit, pusher: push.pusher };
    const builds: string[] = [];
    for (const project of plan.projects) {
      const { id: trigger, ref, receivedAt: headAt } = push;
      const build = await startBuild({ trigger, project, cause, commit: plan.commit, ref, headAt });
      builds.push(build.id);
    }
    return { outcome: `started ${builds.length}`, builds };
  };
}
