import { inTurns } from '../../core/concurrency.ts';
import type { Build, Cause } from '../../core/model/build.ts';
import { headAtOf, pushNewsId } from '../../core/sources/head-order.ts';
import { planPush } from '../../core/sources/plan-push.ts';
import { createIndexPushPlanner } from '../index/apply-push.ts';
import { createPathFilter } from '../sources/path-filter.ts';
import type { PlanServices } from '../wiring/plan-services.ts';
import type { Planner } from './planner.ts';

/** A repository may have a hundred images, and a push is planned within a minute. */
const projectsAtOnce = 8;

/** A push builds the projects that track its branch, or want its version tag; a push of the index brings the projects in line with it. */
export function createPushPlanner(services: PlanServices): Planner<'push'> {
  const { startBuild, passOver, projects, index } = services;
  const planIndexPush = createIndexPushPlanner(services);
  const filter = createPathFilter(services);

  return async function planSourcePush(push) {
    if (push.source === index.source && push.ref === index.ref) return planIndexPush(push);
    const plan = planPush(push, await projects.bySource(push.source));
    if ('ignored' in plan) return { outcome: `ignored: ${plan.ignored}`, builds: [] };
    const cause: Cause = { type: 'push', delivery: push.id, ref: push.ref, commit: plan.commit, pusher: push.pusher };
    const head = { commit: plan.commit, ref: push.ref, headAt: headAtOf(push), before: push.before };
    const trigger = pushNewsId(push);
    const failures: unknown[] = [];
    const plans = await inTurns(plan.projects, projectsAtOnce, async (project) => {
      try {
        if (push.forced || (await filter.concernsHead(project, push.ref, plan.commit)))
          return { build: await startBuild({ trigger, project, cause, ...head, onlyNews: true }) };
        await passOver({ project, ...head });
        return { isUntouched: true };
      } catch (error) {
        // The others of the repository are built; the push is tried again for this one.
        failures.push(error);
        return {};
      }
    });
    if (failures.length > 0) throw failures[0];
    const builds = plans.flatMap(({ build }) => build ?? []);
    const untouched = plans.filter(({ isUntouched }) => isUntouched).length;
    return { outcome: outcomeOf(builds, plan.projects.length, untouched), builds: builds.map(({ id }) => id) };
  };
}

function outcomeOf(builds: Build[], concerned: number, untouched: number): string {
  const late = builds.filter(({ status }) => status === 'superseded').length;
  const known = concerned - builds.length - untouched;
  return [
    `started ${builds.length - late}`,
    ...(late > 0 ? [`${late} superseded by newer pushes`] : []),
    ...(untouched > 0 ? [`${untouched} not touched by it`] : []),
    ...(known > 0 ? [`${known} known already`] : []),
  ].join(', ');
}
