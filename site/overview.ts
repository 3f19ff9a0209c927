import { type Build, isReleasable, runningStatuses } from '../core/model/build.ts';
import { lastBuildOf } from './paging/lists.ts';
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

type Parts = Pick<SiteParts, 'builds'>;

/** A few queries, however many builds there are. */
export async function readOverview({ builds }: Parts): Promise<Overview> {
  const newest = async (status: Build['status'], limit = shown) => (await builds.list({ status }, { limit })).items;
  const [failed, blocked, unchanged, ...running] = await Promise.all([
    newest('failed'),
    newest('blocked'),
    newest('unchanged', unchangedRead),
    ...runningStatuses.map((status) => newest(status)),
  ]);
  const held = unchanged.filter(({ held }) => held !== undefined).slice(0, shown);
  const last = new Map<string, Promise<Build | undefined>>();
  const isLast = async ({ id, project }: Build) => {
    if (!last.has(project)) last.set(project, lastBuildOf(builds, project));
    return (await last.get(project))?.id === id;
  };
  // Pull requests, which anyone may open, say nothing about a project.
  const current = async (all: Build[]) => {
    const releasable = all.filter(({ ref }) => isReleasable(ref));
    const isCurrent = await Promise.all(releasable.map(isLast));
    return releasable.filter((_, at) => isCurrent[at]);
  };
  const [failedNow, blockedNow, heldNow] = await Promise.all([current(failed), current(blocked), current(held)]);
  return {
    running: running.flat().sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1)),
    failed: failedNow,
    blocked: blockedNow,
    held: heldNow,
  };
}
