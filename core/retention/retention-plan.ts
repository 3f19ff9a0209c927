import * as z from 'zod';
import type { PlatformImage } from '../model/platform.ts';
import { isFloating } from '../releases/release.ts';

/** How long released images are kept once nothing names them any more. */
export interface RetentionRules {
  /** Days without a release and without a pull; undefined keeps them for ever. */
  days: number | undefined;
  /** How many of a project's newest releases are kept however old they are, to go back to. */
  newest: number;
}

/** What becomes of an image that expires: it is deleted, or archived, which costs less but lets nobody pull it. */
export const expiredImages = ['delete', 'archive'] as const;

/** Why an image stays. */
export const keepReasonSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tag'), tag: z.string() }),
  z.object({ kind: z.literal('current'), project: z.string() }),
  z.object({ kind: z.literal('held'), project: z.string() }),
  z.object({ kind: z.literal('deployed'), target: z.string() }),
  z.object({ kind: z.literal('base'), project: z.string() }),
  z.object({ kind: z.literal('running'), at: z.iso.datetime() }),
  z.object({ kind: z.literal('newest'), project: z.string() }),
  z.object({ kind: z.literal('recent'), at: z.iso.datetime() }),
  z.object({ kind: z.literal('pulled'), at: z.iso.datetime() }),
  z.object({ kind: z.literal('for-ever') }),
  z.object({ kind: z.literal('part') }),
]);

export type KeepReason = z.infer<typeof keepReasonSchema>;

/** What is decided about a released image. */
export const retentionDecisionSchema = z.object({
  digest: z.string(),
  releasedAt: z.iso.datetime(),
  /** Of the image alone: its layers may be those of other images too. */
  bytes: z.int(),
  tags: z.array(z.string()),
  /** Nothing: it expires. */
  reasons: z.array(keepReasonSchema),
});

export type RetentionDecision = z.infer<typeof retentionDecisionSchema>;

/** What was decided about a repository last. */
export const retentionReportSchema = z.object({
  repository: z.string(),
  at: z.iso.datetime(),
  days: z.int().optional(),
  newest: z.int(),
  /** Nothing was deleted: it says what would be. */
  isDryRun: z.boolean(),
  /** Newest first. */
  decisions: z.array(retentionDecisionSchema),
});

export type RetentionReport = z.infer<typeof retentionReportSchema>;

/** An image in a release repository, as the registry knows it. */
export interface StoredImage {
  digest: string;
  tags: readonly string[];
  bytes: number;
  /** ECR notes a pull once in 24 hours. */
  pulledAt: string | undefined;
  /** When a cluster was last seen to run it, where the registry knows. */
  inUseAt: string | undefined;
}

/** A release that was put into the repository: by one of the projects that share it. */
export interface RecordedRelease {
  project: string;
  digest: string;
  releasedAt: string;
  /** The images of an image index. */
  platforms?: readonly PlatformImage[] | undefined;
}

interface Repository {
  stored: readonly StoredImage[];
  releases: readonly RecordedRelease[];
  /** By digest: why the rest of the pipeline needs it. */
  uses: ReadonlyMap<string, readonly KeepReason[]>;
}

const day = 86_400_000;

/**
 * Which of the images that were released to a repository expire. What nobody released, such as a signature or a part of an image for
 * several machines, is not decided about: it goes with the image that it belongs to.
 */
export function planRetention(
  { stored, releases, uses }: Repository,
  { days, newest }: RetentionRules,
  now: Date,
): RetentionDecision[] {
  const newestOf = newestReleases(releases, newest);
  const since = days === undefined ? undefined : new Date(now.getTime() - days * day).toISOString();
  const released = Map.groupBy(releases, ({ digest }) => digest);
  const byDigest = new Map(stored.map((image) => [image.digest, image]));

  const decisions = stored.flatMap(({ digest, tags, bytes, ...own }): RetentionDecision[] => {
    const records = released.get(digest);
    if (records === undefined) return [];
    // A machine that runs an image index pulls and runs the image of its own platform.
    const images = [own, ...partsOf(records).flatMap((part) => byDigest.get(part) ?? [])];
    const pulledAt = latest(images.map((image) => image.pulledAt));
    const inUseAt = latest(images.map((image) => image.inUseAt));
    const releasedAt = latest(records.map((each) => each.releasedAt)) ?? '';
    const reasons: KeepReason[] = [
      ...tags.filter(isFloating).map((tag) => ({ kind: 'tag' as const, tag })),
      ...(uses.get(digest) ?? []),
      ...(newestOf.get(digest) ?? []),
    ];
    if (since === undefined) reasons.push({ kind: 'for-ever' });
    else {
      if (releasedAt >= since) reasons.push({ kind: 'recent', at: releasedAt });
      if (pulledAt !== undefined && pulledAt >= since) reasons.push({ kind: 'pulled', at: pulledAt });
      if (inUseAt !== undefined && inUseAt >= since) reasons.push({ kind: 'running', at: inUseAt });
    }
    return [{ digest, releasedAt, bytes, tags: [...tags], reasons }];
  });
  const staying = new Set(decisions.flatMap(({ digest, reasons }) => (reasons.length > 0 ? [digest] : [])));
  const needed = new Set(partsOf(releases.filter(({ digest }) => staying.has(digest))));
  return decisions.map((decision) =>
    decision.reasons.length === 0 && needed.has(decision.digest)
      ? { ...decision, reasons: [{ kind: 'part' }] }
      : decision,
  );
}

/**
 * The images of image indexes that have expired. An image stays that was released by itself, or that an index which stays has too.
 * @param expired the digests of the images that are put away
 */
export function expiredParts(releases: readonly RecordedRelease[], expired: ReadonlySet<string>): string[] {
  const staying = releases.filter(({ digest }) => !expired.has(digest));
  const kept = new Set([...releases.map(({ digest }) => digest), ...partsOf(staying)]);
  return partsOf(releases.filter(({ digest }) => expired.has(digest))).filter((part) => !kept.has(part));
}

function partsOf(releases: readonly RecordedRelease[]): string[] {
  return [...new Set(releases.flatMap(({ platforms = [] }) => platforms.map(({ digest }) => digest)))];
}

function latest(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined)
    .toSorted()
    .at(-1);
}

function newestReleases(releases: readonly RecordedRelease[], count: number): Map<string, KeepReason[]> {
  const newest = [...Map.groupBy(releases, ({ project }) => project)].flatMap(([project, own]) =>
    own
      .toSorted((one, other) => (one.releasedAt < other.releasedAt ? 1 : -1))
      .slice(0, count)
      .map(({ digest }) => ({ digest, reason: { kind: 'newest' as const, project } })),
  );
  const byDigest = Map.groupBy(newest, ({ digest }) => digest);
  return new Map([...byDigest].map(([digest, found]) => [digest, found.map(({ reason }) => reason)]));
}

/** For people: `the tag latest names it`. */
export function describeReason(reason: KeepReason): string {
  switch (reason.kind) {
    case 'tag':
      return `the tag ${reason.tag} names it`;
    case 'current':
      return `it is the current release of ${reason.project}`;
    case 'held':
      return `${reason.project} is held at it`;
    case 'deployed':
      return `${reason.target} names it`;
    case 'base':
      return `${reason.project} is built on it`;
    case 'running':
      return `a cluster ran it on ${reason.at.slice(0, 10)}`;
    case 'newest':
      return `it is one of the newest releases of ${reason.project}`;
    case 'recent':
      return `it was released on ${reason.at.slice(0, 10)}`;
    case 'pulled':
      return `it was pulled on ${reason.at.slice(0, 10)}`;
    case 'for-ever':
      return 'released images are kept for ever here';
    case 'part':
      return 'an image for several platforms names it';
  }
}
