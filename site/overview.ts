import { type Build, runningStatuses } from '../core/model/build.ts';
import type { SiteParts } from './parts.ts';

/** What needs somebody's eyes now. */
export interface Overview {
  /** What waits and what runs, the newest first. */
  running: Build[];
  /** The newest that failed, were blocked, or were held back, and after which their project had no other build. */
  failed: Build[];
  blocked: Build[];
  held: Build[];
}

const shown = 5;
/** Only some builds that change nothing are held back. */
const unchangedRead = 20;

type Parts = Pick<SiteParts, 'builds' | 'projects'>;

/** A few reads, however many builds there are. */
export async function readOverview({ builds, projects }: Parts): Promise<Overview> {
  const newest = async (status: Build['status'], limit = shown) => (await builds.list({ status }, { limit })).items;
  const [failed, blocked, unchanged, ...running] = await Promise.all([
    newest('failed'),
    newest('blocked'),
    newest('unchanged', unchangedRead),
    ...runningStatuses.map((status) => newest(status)),
  ]);
  const held = unchanged.filter(({ held }) => held !== undefined).slice(0, shown);
  const ended = [failed, blocked, held].flat();
  const theirs = await projects.getMany([...new Set(ended.map(({ project }) => project))]);
  const last = new Set(theirs.map(({ lastBuild }) => lastBuild));
  const current = (all: Build[]) => all.filter(({ id }) => last.has(id));
  return {
    running: running.flat().sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1)),
    failed: current(failed),
    blocked: current(blocked),
    held: current(held),
  };
}
