import type { Build } from '../model/build.ts';
import { isFloating, type Release } from './release.ts';

const weekMilliseconds = 7 * 24 * 3_600_000;
/** Sorts after every project's name. */
const everything = '~';

/** A release with the floating tags that still name it. */
export interface BackfilledRelease extends Release {
  floating: readonly string[];
}

/**
 * The releases of a project, one for each digest, from the records of its builds.
 * @param builds the released builds of the project, newest first
 */
export function releasesOf(
  project: string,
  builds: readonly Pick<Build, 'id' | 'image' | 'candidate' | 'endedAt' | 'createdAt'>[],
): BackfilledRelease[] {
  const moved = new Set<string>();
  const known = new Map<string, BackfilledRelease & { tags: string[]; floating: string[] }>();
  for (const { id, image, candidate, endedAt, createdAt } of builds) {
    if (!image) continue;
    const { digest, tags } = image;
    // A floating tag belongs to the newest release that has it.
    const floating = tags.filter((tag) => isFloating(tag) && !moved.has(tag));
    for (const tag of floating) moved.add(tag);
    const newest = known.get(digest);
    if (newest) {
      newest.tags.push(...tags);
      newest.floating.push(...floating);
    } else {
      const at = endedAt ?? createdAt;
      known.set(digest, { project, digest, build: id, tags: [...tags], floating, platforms: candidate?.platforms, at });
    }
  }
  return [...known.values()];
}

/** How far the backfill has come in a week, as it is recorded: each week begins again with the first project. */
export function backfillProgress(recorded: string, now: Date) {
  const week = String(Math.floor(now.getTime() / weekMilliseconds));
  const [ofWeek, last = ''] = recorded.split(' ');
  const done = ofWeek === week ? last : '';
  return {
    isComplete: done === everything,
    /** The projects that are left, in the order in which to backfill them. */
    left: (names: readonly string[]): string[] => names.filter((name) => name > done).toSorted(),
    /** To record after a project. */
    after: (name: string): string => `${week} ${name}`,
    /** To record after the last project. */
    complete: `${week} ${everything}`,
  };
}
