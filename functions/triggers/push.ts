import type { Cause } from '../../core/model/build.ts';
import { planPush } from '../../core/sources/plan-push.ts';
import { isNoObject } from '../../core/triggers/pushed.ts';
import type { Projects } from '../../services/tables/projects.ts';
import { buildsOf, type PlanRefs, type RefOutcome } from '../builds/plan-refs.ts';
import type { ApplyIndex } from '../index/apply-index.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'bySource'>;
  planRefs: PlanRefs;
  applyIndex: ApplyIndex;
  index: { source: string; ref: string };
}

/** A push builds the projects that track its branch or want its version tag; after a push of the index, the index is applied to the projects. */
export function createPushPlanner({ projects, planRefs, applyIndex, index }: Services): Planner<'push'> {
  return async function planPushed({ id, source, ref, expected, pusher }) {
    if (source === index.source && ref === index.ref) {
      const { outcome, unfinished, known } = await applyIndex();
      return { outcome, unfinished, builds: [], isUnseen: known !== undefined && !isShown(expected, known.commit) };
    }
    const plan = planPush({ source, ref }, await projects.bySource(source));
    if ('ignored' in plan) return { outcome: `ignored: ${plan.ignored}`, builds: [] };
    const causeOf = (_: string, commit: string): Cause => ({ type: 'push', delivery: id, ref, commit, pusher });
    const { outcomes, commits } = await planRefs(
      plan.projects.map((project) => ({ project, ref })),
      { causeOf },
    );
    const commit = commits.get(ref);
    return {
      outcome: commit === undefined ? `ignored: ${source} has no ${ref}` : textOf(outcomes),
      builds: buildsOf(outcomes).map((build) => build.id),
      isUnseen: !isShown(expected, commit),
    };
  };
}

/** Whether the host shows what the event said. */
function isShown(expected: string | undefined, commit: string | undefined): boolean {
  if (commit === undefined) return expected !== undefined && isNoObject(expected);
  return expected === undefined || expected === commit;
}

function textOf(outcomes: readonly RefOutcome[]): string {
  const count = (wanted: RefOutcome) => outcomes.filter((outcome) => outcome === wanted).length;
  const [untouched, known] = [count('untouched'), count('known')];
  return [
    `started ${buildsOf(outcomes).length}`,
    ...(untouched > 0 ? [`${untouched} not touched by it`] : []),
    ...(known > 0 ? [`${known} known already`] : []),
  ].join(', ');
}
