import { mapConcurrently } from '../../core/concurrency.ts';
import type { Build, Cause } from '../../core/model/build.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import { buildsRef } from '../../core/sources/plan-push.ts';
import type { Deliveries } from '../../services/tables/deliveries.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import type { ApplyIndexPush, IndexApplied } from '../index/apply-push.ts';
import type { PathFilter } from '../sources/path-filter.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'bySource' | 'get'>;
  heads: Pick<Heads, 'get'>;
  deliveries: Pick<Deliveries, 'newest'>;
  paths: Pick<PathFilter, 'concernsHead'>;
  applyIndexPush: ApplyIndexPush;
  startBuild: BuildStarter['startBuild'];
  recordHead: BuildStarter['recordHead'];
  index: { source: string; ref: string };
}

/** A repository may have a hundred images, and a trigger is planned within a minute. */
const buildsAtOnce = 8;

type SourceMoved = TriggerOf<'source-moved'>;

/** Builds the heads that no delivery announced. A delivery that arrived in the meantime has built its own. */
export function createSourceMovedPlanner(services: Services): Planner<'source-moved'> {
  const { projects, heads, deliveries, paths, applyIndexPush, startBuild, recordHead, index } = services;

  async function applyIndex({ id, receivedAt, source }: SourceMoved, commit: string): Promise<IndexApplied> {
    const newest = await deliveries.newest(`${source} ${index.ref}`);
    // If this same trigger recorded the commit, an earlier try of it was unfinished and goes on here.
    if (newest?.commit === commit && newest.id !== id) return { outcome: 'known already' };
    return applyIndexPush({
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

  /** A new entry waits until the images that it depends on are released; their release builds it. */
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
    if (!(await paths.concernsHead(project, ref, commit))) {
      await recordHead({ project, ref, commit, headAt });
      return undefined;
    }
    const cause: Cause = { type: 'source-moved', ref, commit };
    // One trigger may have several heads of one project, each with its own build.
    return startBuild({ trigger: `${trigger} ${ref}`, project, cause, commit, ref, headAt, unlessKnown: true });
  }

  return async function planSourceMoved(trigger) {
    const tracking = (await projects.bySource(trigger.source)).filter(({ active }) => active);
    const tasks = trigger.heads.flatMap((head) =>
      tracking.filter((project) => buildsRef(project, head.ref)).map((project) => ({ project, head })),
    );
    const failures: unknown[] = [];
    const builds = await mapConcurrently(tasks, buildsAtOnce, async ({ project, head }) => {
      try {
        return (await buildHead(trigger, project, head))?.id;
      } catch (error) {
        // The others are still built; the trigger is retried for this one.
        failures.push(error);
        return undefined;
      }
    });
    if (failures.length > 0) throw failures[0];
    const started = builds.filter((id) => id !== undefined);
    const moved = trigger.source === index.source && trigger.heads.find(({ ref }) => ref === index.ref);
    if (!moved) return { outcome: `started ${started.length}`, builds: started };
    return { ...(await applyIndex(trigger, moved.commit)), builds: started };
  };
}
