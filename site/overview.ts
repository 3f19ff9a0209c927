import { type Problem, problemOf, problems } from '../core/builds/problem.ts';
import { type Build, runningStatuses } from '../core/model/build.ts';
import type { SiteParts } from './parts.ts';

/** What needs somebody's eyes now: by the problem, the builds that ended with it as the last of their projects; and what has not ended. */
export interface Overview extends Record<Problem, Build[]> {
  /** What waits and what runs, the newest first. */
  running: Build[];
}

const shown = 5;

type Parts = Pick<SiteParts, 'builds' | 'projects'>;

/** A few reads, however many builds there are. */
export async function readOverview({ builds, projects }: Parts): Promise<Overview> {
  const readRunning = async () => {
    const pages = await Promise.all(runningStatuses.map((status) => builds.list({ status }, { limit: shown })));
    return pages.flatMap(({ items }) => items).sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  };
  const readLast = async () => {
    const pages = await Promise.all(problems.map((problem) => projects.withProblem(problem, { limit: shown })));
    return builds.getMany(pages.flatMap(({ items }) => items.flatMap(({ lastBuild }) => lastBuild ?? [])));
  };
  const [running, last] = await Promise.all([readRunning(), readLast()]);
  const endedWith = (problem: Problem) =>
    last
      .filter((build) => problemOf(build) === problem)
      .sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  return { running, failed: endedWith('failed'), blocked: endedWith('blocked'), held: endedWith('held') };
}
