import { mapConcurrently } from '../../core/concurrency.ts';
import type { Build, Cause } from '../../core/model/build.ts';
import { headAtOf, pushEventId } from '../../core/sources/head-order.ts';
import { planPush } from '../../core/sources/plan-push.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import type { ApplyIndexPush } from '../index/apply-push.ts';
import type { PathFilter } from '../sources/path-filter.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'bySource'>;
  paths: Pick<PathFilter, 'concernsHead'>;
  applyIndexPush: ApplyIndexPush;
  startBuild: BuildStarter['startBuild'];
  recordHead: BuildStarter['recordHead'];
  index: { source: string; ref: string };
}

/** A repository may have a hundred images, and a push is planned within a minute. */
const projectsAtOnce = 8;

/** A push builds the projects that track its branch or want its version tag; a push of the index is applied to the projects. */
export function createPushPlanner(services: Services): Planner<'push'> {
  const { projects, paths, applyIndexPush, startBuild, recordHead, index } = services;

  return async function planSourcePush(push) {
    if (push.source === index.source && push.ref === index.ref) return { ...(await applyIndexPush(push)), builds: [] };
    const plan = planPush(push, await projects.bySource(push.source));
    if ('ignored' in plan) return { outcome: `ignored: ${plan.ignored}`, builds: [] };
    const cause: Cause = { type: 'push', delivery: push.id, ref: push.ref, commit: plan.commit, pusher: push.pusher };
    const head = { commit: plan.commit, ref: push.ref, headAt: headAtOf(push), before: push.before };
    const trigger = pushEventId(push);
    const failures: unknown[] = [];
    const plans = await mapConcurrently(plan.projects, projectsAtOnce, async (project) => {
      try {
        if (push.forced || (await paths.concernsHead(project, push.ref, plan.commit)))
          return { build: await startBuild({ trigger, project, cause, ...head, unlessKnown: true }) };
        await recordHead({ project, ...head });
        return { isUntouched: true };
      } catch (error) {
        // The repository's other projects are still built; the push is retried for this one.
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
