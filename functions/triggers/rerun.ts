import type { Build } from '../../core/model/build.ts';
import type { GitHost } from '../../core/model/git-host.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import { findSource } from '../../core/sources/source.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Planned, Planner } from './planner.ts';

interface Services {
  builds: Pick<Builds, 'get' | 'list'>;
  projects: Pick<Projects, 'get'>;
  repositoryAt: GitHosts['repositoryAt'];
  index: { gitHosts: readonly GitHost[] };
  planApproval: Planner<'approval'>;
  planManual: Planner<'manual'>;
}

/** How many builds of one commit are read: a monorepo has many images. */
const mostRead = 300;

/**
 * Runs a build once more, or all builds of a commit, for somebody who may write to the repository; the git host says whether they may. A
 * build of a pull request is run as if they had approved its commit, any other as if they had requested it by hand.
 */
export function createRerunPlanner(services: Services): Planner<'rerun'> {
  const { builds, projects, repositoryAt, index, planApproval, planManual } = services;

  async function buildsOf({ source, of }: TriggerOf<'rerun'>): Promise<Build[]> {
    const found =
      'build' in of
        ? [await builds.get(of.build)]
        : (await builds.list({ commit: of.commit }, { limit: mostRead })).items;
    return found.flatMap((build) => (build && findSource(build.sourceUrl, index.gitHosts) === source ? build : []));
  }

  async function planOne(
    { id, source, requester }: TriggerOf<'rerun'>,
    { name, commit, mayWrite }: { name: string; commit: string; mayWrite: boolean | undefined },
  ): Promise<Planned> {
    // The build would be of the repository that the entry names now, where this person may have no rights.
    if ((await projects.get(name))?.source !== source)
      return { outcome: `ignored: ${name} is not built from ${source} any more`, builds: [] };
    if (!mayWrite) return { outcome: `ignored: ${requester} may not write to ${source}`, builds: [] };
    return planManual({ type: 'manual', id, project: name, commit, requester });
  }

  return async function planRerun(trigger) {
    const { id, source, of, requester } = trigger;
    const found = await buildsOf(trigger);
    const [first] = found;
    if (!first) {
      const what = 'build' in of ? `${of.build} is not a build` : `${of.commit} has no build`;
      return { outcome: `ignored: ${what} of ${source}`, builds: [] };
    }
    const { commit } = first;
    const planned: Planned[] = [];
    const numbers = new Set(found.flatMap(({ cause }) => (cause.type === 'pull-request' ? cause.number : [])));
    for (const number of numbers) {
      // A project may have two builds of one commit: of the pull request, and of the branch. Each needs an event of its own.
      const event = `${id} at ${number}`;
      planned.push(await planApproval({ type: 'approval', id: event, source, number, commit, approver: requester }));
    }
    const names = new Set(found.flatMap(({ cause, project }) => (cause.type === 'pull-request' ? [] : project)));
    const mayWrite = names.size > 0 && (await repositoryAt(first.sourceUrl)?.mayWrite(requester));
    for (const name of names) planned.push(await planOne(trigger, { name, commit, mayWrite }));
    return {
      outcome: planned.map(({ outcome }) => outcome).join('; '),
      builds: planned.flatMap((each) => each.builds),
    };
  };
}
