import { mapConcurrently } from '../../core/concurrency.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import {
  type KeepReason,
  planRetention,
  type RetentionDecision,
  type RetentionReport,
  type RetentionRules,
} from '../../core/retention/retention-plan.ts';
import { usesByTargets } from '../../core/retention/uses.ts';
import type { RetentionReports } from '../../services/records/retention-reports.ts';
import type { ImageUse } from '../../services/registry/image-use.ts';
import type { StoredImages } from '../../services/registry/stored-images.ts';
import type { Releases } from '../../services/tables/releases.ts';
import type { Targets } from '../../services/tables/targets.ts';

interface Services {
  images: StoredImages;
  imageUse: ImageUse;
  releases: Pick<Releases, 'allOf' | 'markExpired'>;
  targets: Pick<Targets, 'ofProject'>;
  reports: Pick<RetentionReports, 'put'>;
  repositoryPrefix: string;
}

interface Repository {
  /** Without the prefix of all repositories. */
  path: string;
  /** All that release to it, also those that the index no longer has. */
  projects: readonly string[];
}

interface Options {
  rules: RetentionRules;
  /** Nothing is deleted, and nothing recorded. */
  isDryRun: boolean;
  now: Date;
}

/** ECR allows 20 deletions of images in a second. https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html */
const deletionsAtOnce = 4;
/** A repository of ECR has at most so many images; the pages need not show more. */
const mostReported = 2_000;

/**
 * Decides about the released images of a repository, and deletes those that expire, each with its signature and SBOMs. The next run makes
 * up for one that crashed.
 * @param uses by digest: which projects need an image
 * @returns undefined if there is no such repository
 */
export function createExpireRepository({ images, imageUse, releases, targets, reports, repositoryPrefix }: Services) {
  return async function expireRepository(
    { path, projects }: Repository,
    uses: ReadonlyMap<string, readonly KeepReason[]>,
    { rules, isDryRun, now }: Options,
  ): Promise<RetentionReport | undefined> {
    const name = repositoryPrefix + path;
    const content = await images.list(name);
    if (!content) return undefined;
    const inUse = await imageUse.lastUses(name, now);
    // They are read after what the registry has: an image that was released meanwhile is not among those to decide about.
    const released = (await Promise.all(projects.map((project) => releases.allOf(project)))).flat();
    const deployed = usesByTargets((await Promise.all(projects.map((project) => targets.ofProject(project)))).flat());
    const decisions = planRetention(
      {
        stored: content.images.map((image) => ({ ...image, inUseAt: inUse.get(image.digest) })),
        releases: released,
        uses: new Map(
          content.images.map(({ digest }) => [digest, [...(uses.get(digest) ?? []), ...(deployed.get(digest) ?? [])]]),
        ),
      },
      rules,
      now,
    );
    const expiring = decisions.filter(({ reasons }) => reasons.length === 0);
    if (!isDryRun) {
      const recordsOf = Map.groupBy(released, ({ digest }) => digest);
      await mapConcurrently(expiring, deletionsAtOnce, (decision) =>
        expire(name, decision, recordsOf.get(decision.digest) ?? [], content.referrers.get(decision.digest) ?? []),
      );
    }
    const report: RetentionReport = {
      repository: name,
      at: now.toISOString(),
      ...rules,
      isDryRun,
      decisions: decisions.toSorted(byRelease).slice(0, mostReported),
    };
    if (!isDryRun) await reports.put(path, report);
    return report;
  };

  /** First it leaves the releases that one can go back to; a release that was made since it was decided about keeps it. */
  async function expire(
    repository: string,
    { digest }: RetentionDecision,
    recorded: readonly ReleasedImage[],
    referrers: readonly string[],
  ): Promise<void> {
    for (const image of recorded) if (!(await releases.markExpired(image))) return;
    await images.remove(repository, [digest, ...referrers]);
  }
}

function byRelease(one: RetentionDecision, other: RetentionDecision): number {
  return one.releasedAt < other.releasedAt ? 1 : -1;
}
