import type { Build, Cause } from '../../core/model/build.ts';
import type { CommitsAt } from '../../services/git-host/git-remote.ts';
import type { Head, Heads } from '../../services/tables/heads.ts';
import type { OwnCommits } from '../../services/tables/own-commits.ts';
import { changed, type FollowHost, type RefTask } from '../sources/follow-host.ts';
import type { PathFilter } from '../sources/path-filter.ts';
import type { BuildStarter } from './start-build.ts';

interface Services {
  ownCommits: Pick<OwnCommits, 'parentOf'>;
  heads: Pick<Heads, 'advance'>;
  paths: Pick<PathFilter, 'concernsHead'>;
  followHost: FollowHost;
  commitsAt: CommitsAt;
  startBuild: BuildStarter['startBuild'];
  resumeHead: BuildStarter['resumeHead'];
}

/** As many releases may be delivered to a repository before an event of it is planned. */
const mostOwnCommits = 20;

/** `absent`: the host has no such ref. `untouched`: none of the project's paths is touched. `waiting`: the entry is not to be built yet. */
export type RefOutcome = Build | 'absent' | 'known' | 'untouched' | 'waiting';

export interface RefPlan {
  /** One for each ref and project. */
  outcomes: RefOutcome[];
  /** What the host has at the refs. */
  commits: ReadonlyMap<string, string>;
}

/** Builds the heads that the git host has at the refs of one repository, for all projects that want them, with one request to the host. */
export function createPlanRefs({ ownCommits, heads, paths, followHost, commitsAt, startBuild, resumeHead }: Services) {
  /** Whether a head differs from the known one only by commits that delivered releases: to build them would never end. */
  async function isOwn(commit: string, known: Head | undefined): Promise<boolean> {
    let at: string | undefined = commit;
    for (let count = 0; at !== undefined && count < mostOwnCommits; count++) {
      at = await ownCommits.parentOf(at);
      if (at !== undefined && at === known?.commit) return true;
    }
    return false;
  }

  async function planHead(
    { project, ref }: RefTask,
    commit: string | undefined,
    known: Head | undefined,
    { causeOf, isDue }: Options,
  ): Promise<RefOutcome | typeof changed> {
    if (commit === undefined) return 'absent';
    const cause = causeOf(ref, commit);
    if (known?.commit === commit) return (await resumeHead({ project, ref, cause }, known)) ?? 'known';
    if (!known && isDue && !(await isDue(project))) return 'waiting';
    const isConcerned =
      !(await isOwn(commit, known)) && (await paths.concernsHead(project, ref, { known: known?.commit, commit }));
    if (isConcerned) {
      return (await startBuild({ project, ref, cause, commit, known })) ?? changed;
    }
    // The head is recorded without a build. A running build goes on.
    return (await heads.advance({ project: project.name, ref }, known, { commit, build: undefined }))
      ? 'untouched'
      : changed;
  }

  return async function planRefs(tasks: readonly RefTask[], options: Options): Promise<RefPlan> {
    let commits: RefPlan['commits'] = new Map();
    const [first] = tasks;
    if (!first) return { outcomes: [], commits };
    const refs = [...new Set(tasks.map(({ ref }) => ref))];
    const ask = async () => {
      commits = await commitsAt(first.project.gitUrl, refs);
      return commits;
    };
    const outcomes = await followHost(tasks, ask, (task, found, known) =>
      planHead(task, found.get(task.ref), known, options),
    );
    return { outcomes, commits };
  };
}

interface Options {
  causeOf: (ref: string, commit: string) => Cause;
  /** Whether the first head of an entry is to be built now. */
  isDue?: (project: RefTask['project']) => Promise<boolean>;
}

export type PlanRefs = ReturnType<typeof createPlanRefs>;

export function buildsOf(outcomes: readonly RefOutcome[]): Build[] {
  return outcomes.filter((outcome) => typeof outcome !== 'string');
}
