import type { TriggerOf } from '../../core/model/trigger.ts';
import { headAtOf } from '../../core/sources/head-order.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { Projects } from '../../services/tables/projects.ts';
import { type PullRequestBuilds, pullRequestRef } from '../builds/pull-request-builds.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import type { CheckIndexPullRequest } from '../index/check-pull-request.ts';
import type { Planned, Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'bySource'>;
  heads: Pick<Heads, 'get'>;
  pullRequests: PullRequestBuilds;
  checkIndexPullRequest: CheckIndexPullRequest;
  cancelBuild: BuildStarter['cancelBuild'];
  index: { source: string };
}

/**
 * A pull request's head is built, scanned and judged for the projects that ask for it, and not released. A fork's waits until a
 * maintainer has approved the very commit.
 */
export function createPullRequestPlanner(services: Services): Planner<'pull-request'> {
  const { projects, heads, pullRequests, checkIndexPullRequest, cancelBuild, index } = services;

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
    if (source === index.source) return { outcome: await checkIndexPullRequest(trigger), builds: [] };
    if (action === 'closed') return close(trigger);
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
    const isConcerned = pullRequests.filter(baseRef, commit);
    const builds: string[] = [];
    let waiting = 0;
    for (const project of concerned) {
      if (!(await isConcerned(project))) continue;
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
