import { mapConcurrently } from '../../core/concurrency.ts';
import {
  type expiredImages,
  expiredParts,
  type KeepReason,
  planRetention,
  type RetentionDecision,
  type RetentionReport,
  type RetentionRules,
} from '../../core/retention/retention-plan.ts';
import { mergedUses, usesByProjects, usesByTargets } from '../../core/retention/uses.ts';
import type { RetentionReports } from '../../services/records/retention-reports.ts';
import type { ImageUse } from '../../services/registry/image-use.ts';
import type { StoredImages } from '../../services/registry/stored-images.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { Releases } from '../../services/tables/releases.ts';
import type { Targets } from '../../services/tables/targets.ts';

interface Services {
  images: StoredImages;
  imageUse: ImageUse;
  projects: Pick<Projects, 'claimRelease' | 'yieldRelease'>;
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
  expired: (typeof expiredImages)[number];
  /** Nothing is deleted, and nothing recorded. */
  isDryRun: boolean;
  now: Date;
}

/** ECR allows 20 deletions of images in a second. https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html */
const deletionsAtOnce = 4;
/** A repository of ECR has at most so many images; the pages need not show more. */
const mostReported = 2_000;

/**
 * Decides about the released images of a repository, and deletes those that expire, each with its signature and SBOMs, or archives them.
 * While it deletes, it holds the tags of all projects of the repository, so that no release and no rollback takes up an image that is on
 * its way out. The next run makes up for one that crashed, or that found a project releasing.
 * @param uses by digest: which projects need an image
 * @returns undefined if there is no such repository
 */
export function createExpireRepository(services: Services) {
  const { images, imageUse, projects, releases, targets, reports, repositoryPrefix } = services;

  /** The images of expired image indexes that are still there: an earlier run may have crashed before it came to them. */
  const leftOf = ({ released, stored, gone }: Pick<Decided, 'released' | 'stored' | 'gone'>): string[] =>
    expiredParts(released, gone).filter((part) => stored.has(part));

  async function decide(
    { path, projects: names }: Repository,
    uses: ReadonlyMap<string, readonly KeepReason[]>,
    { rules, now }: Options,
  ) {
    const content = await images.list(repositoryPrefix + path);
    if (!content) return undefined;
    const inUse = await imageUse.lastUses(repositoryPrefix + path, now);
    // Releases are read after the registry's images, so that nothing is decided about an image that was released meanwhile.
    const released = (await Promise.all(names.map((project) => releases.allOf(project)))).flat();
    const deployed = usesByTargets((await Promise.all(names.map((project) => targets.ofProject(project)))).flat());
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
    const stored = new Set(content.images.map(({ digest }) => digest));
    const gone = new Set(released.map(({ digest }) => digest).filter((digest) => !stored.has(digest)));
    return { decisions, released, stored, gone, referrers: content.referrers };
  }

  type Decided = NonNullable<Awaited<ReturnType<typeof decide>>>;

  /** Decides once more with the tags in hand, and puts away what still expires. */
  async function expire(
    repository: Repository,
    uses: ReadonlyMap<string, readonly KeepReason[]>,
    options: Options,
  ): Promise<Decided | undefined> {
    const holder = `expire-images ${options.now.toISOString()}`;
    const claimed: ProjectRecord[] = [];
    try {
      for (const name of repository.projects) claimed.push(await projects.claimRelease(name, holder));
      const current = usesByProjects(claimed, options.now);
      const decided = await decide(repository, mergedUses(uses, current), options);
      if (decided) await putAway(repositoryPrefix + repository.path, decided, options.expired);
      return decided;
    } finally {
      for (const { name } of claimed) await projects.yieldRelease(name, holder);
    }
  }

  /** An image is first marked as expired, so that nobody rolls back to it. One that was released since it was read stays. */
  async function putAway(name: string, decided: Decided, expired: Options['expired']): Promise<void> {
    const { decisions, released, stored, referrers } = decided;
    const recordsOf = Map.groupBy(released, ({ digest }) => digest);
    const gone = new Set(decided.gone);
    const remove = (all: readonly string[]) =>
      images.remove(
        name,
        all.flatMap((digest) => [digest, ...(referrers.get(digest) ?? [])]),
      );
    await mapConcurrently(expiring(decisions), deletionsAtOnce, async ({ digest }) => {
      for (const image of recordsOf.get(digest) ?? []) if (!(await releases.markExpired(image, expired))) return;
      // The referrers of an archived image stay: they are small, and prove the image once it is restored.
      if (expired === 'archive') await images.archive(name, digest);
      else await remove([digest]);
      gone.add(digest);
    });
    // After the indexes: ECR deletes no image that one names (`ImageReferencedByManifestList`).
    // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html
    const parts = leftOf({ released, stored, gone });
    if (expired === 'archive') await mapConcurrently(parts, deletionsAtOnce, (part) => images.archive(name, part));
    else if (parts.length > 0) await remove(parts);
  }

  return async function expireRepository(
    repository: Repository,
    uses: ReadonlyMap<string, readonly KeepReason[]>,
    options: Options,
  ): Promise<RetentionReport | undefined> {
    const { rules, isDryRun, now } = options;
    const first = await decide(repository, uses, options);
    const isToExpire = !isDryRun && first !== undefined && expiring(first.decisions).length + leftOf(first).length > 0;
    const decided = isToExpire ? await expire(repository, uses, options) : first;
    if (!decided) return undefined;
    const report: RetentionReport = {
      repository: repositoryPrefix + repository.path,
      at: now.toISOString(),
      ...rules,
      isDryRun,
      decisions: decided.decisions.toSorted(byRelease).slice(0, mostReported),
    };
    if (!isDryRun) await reports.put(repository.path, report);
    return report;
  };
}

const expiring = (decisions: readonly RetentionDecision[]) => decisions.filter(({ reasons }) => reasons.length === 0);

function byRelease(one: RetentionDecision, other: RetentionDecision): number {
  return one.releasedAt < other.releasedAt ? 1 : -1;
}
