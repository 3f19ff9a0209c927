import type { TriggerOf } from '../../core/model/trigger.ts';
import { headAtOf } from '../../core/sources/head-order.ts';
import { createPullRequestBuilds, pullRequestRef } from '../builds/pull-request-builds.ts';
import { createIndexPullRequestPlanner } from '../index/check-pull-request.ts';
import type { PlanServices } from '../wiring/plan-services.ts';
import type { Planned, Planner } from './planner.ts';

/**
 * A pull request's head is built, scanned and judged for the projects that ask for it, and not released. A fork's waits until a
 * maintainer has approved the very commit.
 */
export function createPullRequestPlanner(services: PlanServices): Planner<'pull-request'> {
  const { projects, heads, index, cancelBuild } = services;
  const planIndexPullRequest = createIndexPullRequestPlanner(services);

  /** Nobody waits for what its builds would say. */
  async function close({ source, number }: TriggerOf<'pull-request'>): Promise<Planned> {
    const failure = { error: 'PullRequestClosedError', message: `The pull request #${number} was closed.` };
    let cancelled = 0;
    for (const project of await projects.bySource(source)) {
      const head = await heads.get(project.name, pullRequestRef(number));
      if (head?.build && (await cancelBuild(head.build, failure))) cancelled++;
    }
    return { outcome: `closed, ${cancelled} cancelled`, builds: [] };
  }

  return async function planPullRequest(trigger) {
    const { source, number, action, commit, baseRef, fork, author, changedAt, receivedAt } = trigger;
    if (source === index.source) return planIndexPullRequest(trigger);
    if (action === 'closed') return close(trigger);
    const pullRequests = createPullRequestBuilds(services);
    const concerned = await pullRequests.projectsOf(source, baseRef);
    if (concerned.length === 0) {
      return { outcome: `ignored: no entry of the index builds pull requests to ${baseRef} of ${source}`, builds: [] };
    }
    // What was cancelled when the pull request was closed is wanted again.
    const isAgain = action === 'reopened';
    const headAt = headAtOf({ pushedAt: changedAt, receivedAt });
    // A commit is news once; that it is opened again comes from each webhook under another id.
    const id = isAgain ? `${source}#${number} reopened ${changedAt}` : trigger.id;
    const proposed = { trigger: id, headAt, number, commit, baseRef, author };
    const builds: string[] = [];
    let waiting = 0;
    for (const project of concerned) {
      if (!(await pullRequests.concerns(project, baseRef, commit))) continue;
      if (fork) {
        // Somebody has approved it already.
        const known = await heads.get(project.name, pullRequestRef(number));
        if (known?.commit === commit && !isAgain) continue;
        const description = `Waiting for a maintainer: comment /ok-to-test ${commit}`;
        await pullRequests.mark(project, commit, { state: 'pending', description });
        waiting++;
      } else {
        const build = await pullRequests.build(project, proposed, !isAgain);
        if (build) builds.push(build.id);
      }
    }
    if (waiting > 0) return { outcome: `${waiting} waiting for a maintainer`, builds };
    return { outcome: `started ${builds.length}`, builds };
  };
}
