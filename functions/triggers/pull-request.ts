import { approveAction } from '../../core/git-host/check-actions.ts';
import type { Build } from '../../core/model/build.ts';
import type { Head } from '../../services/tables/heads.ts';
import type { PullRequestBuilds, ShownPullRequest } from '../builds/pull-request-builds.ts';
import type { CheckIndexPullRequest } from '../index/check-pull-request.ts';
import { changed, type FollowHost, type RefTask } from '../sources/follow-host.ts';
import type { Planner } from './planner.ts';

interface Services {
  pullRequests: PullRequestBuilds;
  followHost: FollowHost;
  checkIndexPullRequest: CheckIndexPullRequest;
  index: { source: string };
}

type Outcome = Build | 'absent' | 'cancelled' | 'closed' | 'elsewhere' | 'known' | 'untouched' | 'waiting';

/**
 * Builds, scans and judges the head of a pull request for the projects that want it, without a release. The head of a fork waits until a
 * maintainer has approved exactly that commit. The event only says which pull request to look at; the git host says what it is at.
 */
export function createPullRequestPlanner(services: Services): Planner<'pull-request'> {
  const { pullRequests, followHost, checkIndexPullRequest, index } = services;

  async function planHead(
    task: RefTask,
    pull: ShownPullRequest | undefined,
    known: Head | undefined,
    delivery: string,
  ): Promise<Outcome | typeof changed> {
    if (!pull) return 'absent';
    if (!pull.isOpen) return (await pullRequests.close(task, known)) ? 'cancelled' : 'closed';
    const { project } = task;
    if (project.gitBranch !== pull.baseRef) return 'elsewhere';
    // A pull request that was opened again is built again, because its builds were cancelled when it was closed.
    if (known?.commit === pull.commit && !(await pullRequests.wasClosed(known))) {
      // The approval of a fork's commit starts its build itself.
      const resumed = pull.isFork ? undefined : await pullRequests.resume(task, pull, known, { delivery });
      return resumed ?? 'known';
    }
    if (!(await pull.isConcerned(project))) return 'untouched';
    if (!pull.isFork) return (await pullRequests.build(task, pull, known, { delivery })) ?? changed;
    const comment = `comment /ok-to-test ${pull.commit}`;
    await pullRequests.mark(project, pull, {
      state: 'pending',
      description: `Waiting for a maintainer: ${comment}`,
      action: approveAction,
      title: `Waiting for a maintainer: press ${approveAction.label}, or ${comment}`,
    });
    return 'waiting';
  }

  return async function planPullRequest(trigger) {
    const { id, source, number, expected } = trigger;
    if (source === index.source) return { ...(await checkIndexPullRequest(number, expected)), builds: [] };
    const wanted = await pullRequests.wanted(source, number);
    if (!wanted) return { outcome: `ignored: no entry of the index builds pull requests of ${source}`, builds: [] };
    let pull: ShownPullRequest | undefined;
    const ask = async () => {
      pull = await pullRequests.show(wanted);
      return pull;
    };
    const outcomes = await followHost(wanted.tasks, ask, (task, shown, known) => planHead(task, shown, known, id));
    // The pull request may have been opened again while its builds were being cancelled, and its event have found them running.
    if (outcomes.includes('cancelled') && (await pullRequests.show(wanted))?.isOpen) return planPullRequest(trigger);
    return {
      outcome: textOf(outcomes, `no entry of the index builds pull requests to ${pull?.baseRef} of ${source}`),
      builds: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : outcome.id)),
      isUnseen: pull?.commit !== expected.commit || pull.isOpen !== expected.isOpen,
    };
  };
}

function textOf(outcomes: readonly Outcome[], elsewhere: string): string {
  const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
  const all = (wanted: Outcome) => outcomes.every((outcome) => outcome === wanted);
  if (all('absent')) return 'ignored: there is no such pull request';
  if (all('elsewhere')) return `ignored: ${elsewhere}`;
  const cancelled = count('cancelled');
  if (cancelled > 0 || outcomes.includes('closed')) return `closed, ${cancelled} cancelled`;
  const waiting = count('waiting');
  if (waiting > 0) return `${waiting} waiting for a maintainer`;
  return `started ${outcomes.filter((outcome) => typeof outcome !== 'string').length}`;
}
