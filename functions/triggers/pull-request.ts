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
 * Builds, scans and judges the head of a pull request for the projects that want it, without a release. The head of a fork waits until a
 * maintainer has approved exactly that commit.
 */
export function createPullRequestPlanner(services: Services): Planner<'pull-request'> {
  const { projects, heads, pullRequests, checkIndexPullRequest, cancelBuild, index } = services;

  /** Cancels the builds of a closed pull request: nobody needs their results any more. */
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
    // A reopened pull request is built again, because its builds were cancelled when it was closed.
    const isReopened = action === 'reopened';
    const headAt = headAtOf({ pushedAt: changedAt, receivedAt });
    // Several webhooks deliver the same event under several ids. This id of a reopening is the same for all of them.
    const id = isReopened ? `${source}#${number} reopened ${changedAt}` : trigger.id;
    const proposed = { trigger: id, headAt, number, commit, baseRef, author };
    const isConcerned = pullRequests.filter(baseRef, commit);
    const builds: string[] = [];
    let waiting = 0;
    for (const project of concerned) {
      if (!(await isConcerned(project))) continue;
      if (fork) {
        // A maintainer has approved this commit already.
        const known = await heads.get(project.name, pullRequestRef(number));
        if (known?.commit === commit && !isReopened) continue;
        const description = `Waiting for a maintainer: comment /ok-to-test ${commit}`;
        await pullRequests.mark(project, commit, { state: 'pending', description });
        waiting++;
      } else {
        const build = await pullRequests.build(project, proposed, !isReopened);
        if (build) builds.push(build.id);
      }
    }
    if (waiting > 0) return { outcome: `${waiting} waiting for a maintainer`, builds };
    return { outcome: `started ${builds.length}`, builds };
  };
}
