import type { Build, Cause } from '../../core/build.ts';
import { buildsRef } from '../../core/plan.ts';
import type { TriggerOf } from '../../core/trigger.ts';
import type { ProjectRecord } from '../../services/projects.ts';
import { createIndexPushPlanner } from './index-push.ts';
import { createPathFilter } from './path-filter.ts';
import type { Planned, Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

type SourceMoved = TriggerOf<'source-moved'>;

/** Builds the heads that no delivery told of. One that came meanwhile has built its own. */
export function createSourceMovedPlanner(services: PlanServices): Planner<'source-moved'> {
  const { startBuild, passOver, projects, heads, deliveries, index } = services;
  const planIndexPush = createIndexPushPlanner(services);
  const filter = createPathFilter(services);

  async function applyIndex({ id, receivedAt, source }: SourceMoved, commit: string): Promise<Planned> {
    const newest = await deliveries.newest(`${source} ${index.ref}`);
    // What this very trigger has begun it goes on with.
    if (newest?.commit === commit && newest.id !== id) return { outcome: 'known already', builds: [] };
    return planIndexPush({
      type: 'push',
      ...{ id, receivedAt, source, ref: index.ref },
      before: '0'.repeat(commit.length),
      after: commit,
      commit,
      deleted: false,
      forced: false,
      pusher: 'watch-sources',
    });
  }

  /** An entry that is new waits until the images that it stands on are released: their release builds it. */
  async function waitsForParents({ dependsOn }: ProjectRecord): Promise<boolean> {
    for (const name of dependsOn) {
      const parent = await projects.get(name);
      if (parent?.active && !parent.released) return true;
    }
    return false;
  }

  async function buildHead(
    { id: trigger, receivedAt: headAt }: SourceMoved,
    project: ProjectRecord,
    { ref, commit }: SourceMoved['heads'][number],
  ): Promise<Build | undefined> {
    if (!(await heads.get(project.name, ref)) && (await waitsForParents(project))) return undefined;
    if (!(await filter.concernsHead(project, ref, commit))) {
      await passOver({ project, ref, commit, headAt });
      return undefined;
    }
    const cause: Cause = { type: 'source-moved', ref, commit };
    // One trigger may tell of several heads of one project, and each is a build of its own.
    return startBuild({ trigger: `${trigger} ${ref}`, project, cause, commit, ref, headAt, onlyNews: true });
  }

  return async function planSourceMoved(trigger) {
    const outcomes: string[] = [];
    const builds: string[] = [];
    let isUnfinished = false;
    const tracking = (await projects.bySource(trigger.source)).filter(({ active }) => active);
    for (const head of trigger.heads) {
      if (trigger.source === index.source && head.ref === index.ref) {
        const planned = await applyIndex(trigger, head.commit);
        outcomes.push(planned.outcome);
        builds.push(...planned.builds);
        isUnfinished ||= planned.unfinished ?? false;
      }
      for (const project of tracking.filter((each) => buildsRef(each, head.ref))) {
        const build = await buildHead(trigger, project, head);
        if (build) builds.push(build.id);
      }
    }
    const outcome = [...outcomes, `started ${builds.length}`].join(', ');
    return { outcome, builds, ...(isUnfinished ? { unfinished: true } : {}) };
  };
}
