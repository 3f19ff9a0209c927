import type { Build, Cause } from '../../core/model/build.ts';
import { accessOf } from '../../core/sources/source-secret.ts';
import type { ProjectSources } from '../../services/git-host/project-sources.ts';
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
  projectSources: Pick<ProjectSources, 'commitsAt'>;
  startBuild: BuildStarter['startBuild'];
  resumeHead: BuildStarter['resumeHead'];
}

/** How many commits of our own are looked through: so many releases may be delivered to a repository before its event is planned. */
const mostOwnCommits = 20;

/** `absent`: the host has no such ref. `untouched`: none of the project's paths is touched. `waiting`: the entry is not to be built yet. */
export type RefOutcome = Build | 'absent' | 'known' | 'untouched' | 'waiting';

export interface RefPlan {
  /** One for each ref and project. */
  outcomes: RefOutcome[];
  /** What the host has at the refs. */
  commits: ReadonlyMap<string, string>;
}

/**
 * Builds the heads that the git host has at the refs of one repository, for all projects that want them, with one request to the host for
 * all that ask with the same credential.
 */
export function createPlanRefs(services: Services) {
  const { ownCommits, heads, paths, followHost, projectSources, startBuild, resumeHead } = services;

  /** Whether a head differs from the known one only by commits that delivered releases. Building these would deliver again, for ever. */
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

  async function planTogether(tasks: readonly [RefTask, ...RefTask[]], options: Options): Promise<RefPlan> {
    const [{ project }] = tasks;
    let commits: RefPlan['commits'] = new Map();
    const refs = [...new Set(tasks.map(({ ref }) => ref))];
    const ask = async () => {
      commits = await projectSources.commitsAt(project, refs);
      return commits;
    };
    const outcomes = await followHost(tasks, ask, (task, found, known) =>
      planHead(task, found.get(task.ref), known, options),
    );
    return { outcomes, commits };
  }

  return async function planRefs(tasks: readonly RefTask[], options: Options): Promise<RefPlan> {
    const byAccess = Map.groupBy(tasks, ({ project }) => accessOf(project));
    const planned = await Promise.allSettled(
      [...byAccess.values()].flatMap(([first, ...rest]) => (first ? [planTogether([first, ...rest], options)] : [])),
    );
    // If one project's credential fails, the others are planned all the same, and the trigger is retried for that one.
    const plans = planned.map((plan) => {
      if (plan.status === 'rejected') throw plan.reason;
      return plan.value;
    });
    return {
      outcomes: plans.flatMap(({ outcomes }) => outcomes),
      commits: new Map(plans.flatMap(({ commits }) => [...commits])),
    };
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
