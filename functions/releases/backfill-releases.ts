import { mapConcurrently } from '../../core/concurrency.ts';
import type { Build } from '../../core/model/build.ts';
import { isFloating, repositoryOf } from '../../core/releases/release.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Releases } from '../../services/tables/releases.ts';

interface Services {
  builds: Pick<Builds, 'ofProject'>;
  projects: Pick<Projects, 'all'>;
  releases: Pick<Releases, 'backfill' | 'allOf' | 'recordProgress'>;
  repositoryPrefix: string;
}

const writesAtOnce = 16;
const buildsAtOnce = 100;

const weekMilliseconds = 7 * 24 * 3_600_000;

/**
 * Backfills releases that were made before releases were recorded, from the records of builds, which are kept for ever. This is done once a
 * week, project by project; a run goes on where the one before broke off.
 */
export function createBackfillReleases({ builds, projects, releases, repositoryPrefix }: Services) {
  /** Newest first. */
  async function releasedBuilds(project: string): Promise<Build[]> {
    const found: Build[] = [];
    let cursor: string | undefined;
    do {
      const page = await builds.ofProject(project, { limit: buildsAtOnce, cursor }, 'released');
      found.push(...page.items);
      cursor = page.cursor;
    } while (cursor);
    return found;
  }

  async function backfill(project: string, now: Date): Promise<void> {
    const moved = new Set<string>();
    const known = new Map<string, Parameters<Releases['backfill']>[0] & { tags: string[]; floating: string[] }>();
    for (const { id, image, endedAt, createdAt } of await releasedBuilds(project)) {
      if (!image) continue;
      const { digest, tags } = image;
      // A floating tag belongs to the newest release that has it.
      const floating = tags.filter((tag) => isFloating(tag) && !moved.has(tag));
      for (const tag of floating) moved.add(tag);
      const newest = known.get(digest);
      if (newest) {
        newest.tags.push(...tags);
        newest.floating.push(...floating);
      } else known.set(digest, { project, digest, build: id, tags: [...tags], floating, at: endedAt ?? createdAt });
    }
    const recorded = new Set((await releases.allOf(project)).map(({ digest }) => digest));
    const missing = [...known.values()].filter(({ digest }) => !recorded.has(digest));
    const repository = repositoryOf(project, repositoryPrefix);
    await mapConcurrently(missing, writesAtOnce, (release) => releases.backfill(release, repository, now));
  }

  /**
   * @param progress what was recorded last
   * @param isLate whether it is too late to begin another project
   */
  return async function backfillReleases(progress: string, now: Date, isLate: () => boolean): Promise<void> {
    const week = String(Math.floor(now.getTime() / weekMilliseconds));
    const [ofWeek, last = ''] = progress.split(' ');
    const done = ofWeek === week ? last : '';
    if (done === everything) return;
    const names = (await projects.all()).map(({ name }) => name).sort();
    for (const name of names.filter((each) => each > done)) {
      if (isLate()) return;
      await backfill(name, now);
      await releases.recordProgress(`${week} ${name}`);
    }
    await releases.recordProgress(`${week} ${everything}`);
  };
}

/** Sorts after every project's name. */
const everything = '~';
