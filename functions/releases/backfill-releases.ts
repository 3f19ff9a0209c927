import { mapConcurrently } from '../../core/concurrency.ts';
import type { Build } from '../../core/model/build.ts';
import { backfillProgress, releasesOf } from '../../core/releases/backfill.ts';
import { repositoryOf } from '../../core/releases/release.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Releases } from '../../services/tables/releases.ts';

interface Services {
  builds: Pick<Builds, 'list'>;
  projects: Pick<Projects, 'all'>;
  releases: Pick<Releases, 'backfill' | 'allOf' | 'recordProgress'>;
  repositoryPrefix: string;
}

const writesAtOnce = 16;
const buildsAtOnce = 100;

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
      const page = await builds.list({ project, status: 'released' }, { limit: buildsAtOnce, cursor });
      found.push(...page.items);
      cursor = page.cursor;
    } while (cursor);
    return found;
  }

  async function backfill(project: string, now: Date): Promise<void> {
    const known = releasesOf(project, await releasedBuilds(project));
    const recorded = new Set((await releases.allOf(project)).map(({ digest }) => digest));
    const missing = known.filter(({ digest }) => !recorded.has(digest));
    const repository = repositoryOf(project, repositoryPrefix);
    await mapConcurrently(missing, writesAtOnce, (release) => releases.backfill(release, repository, now));
  }

  /**
   * @param progress what was recorded last
   * @param isLate whether it is too late to begin another project
   */
  return async function backfillReleases(progress: string, now: Date, isLate: () => boolean): Promise<void> {
    const { isComplete, left, after, complete } = backfillProgress(progress, now);
    if (isComplete) return;
    for (const name of left((await projects.all()).map((project) => project.name))) {
      if (isLate()) return;
      await backfill(name, now);
      await releases.recordProgress(after(name));
    }
    await releases.recordProgress(complete);
  };
}
