import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type PlatformImage, platformImageSchema } from '../model/platform.ts';
import { repositoriesOf } from '../model/project.ts';
import { parseProjectName } from '../model/project-name.ts';

/** What is known of a released image today. */
export const releaseStates = [
  /** It was not scanned since its release. */
  'waiting',
  'complete',
  'unsupported',
  'failed',
  /** It is no longer in the registry. */
  'gone',
] as const;

/** An image that a project released, as the releases table keeps it. */
export const releasedImageSchema = z.object({
  /** `app/job:tag` */
  project: z.string(),
  digest: z.string(),
  /** Without its registry's host. */
  repository: z.string(),
  /** The build that released it last. */
  build: z.string(),
  /** In the registry. */
  sizeBytes: z.int().optional(),
  /** The images of an image index. */
  platforms: z.array(platformImageSchema).optional(),
  releasedAt: z.iso.datetime(),
  /** Every tag that the project ever gave it. */
  tags: z.set(z.string()),
  /** Whether its signature is beside it in the registry. */
  signed: z.boolean().optional(),
  /** The floating ones that name it now, as far as is known. */
  floating: z.array(z.string()).default([]),
  state: z.enum(releaseStates).default('waiting'),
  /** Why the last rescan got no result. */
  reason: z.string().optional(),
  /** The number of findings of each severity, from the last complete scan. */
  counts: z.record(z.string(), z.int()).optional(),
  /** How many of them were not known at the release. */
  appeared: z.int().optional(),
  /** The verdict of the last rescan. */
  outcome: z.enum(['pass', 'block']).optional(),
  /** The last rescan. */
  checkedAt: z.iso.datetime().optional(),
  /** When the scan that is awaited was requested from the registry. */
  requestedAt: z.iso.datetime().optional(),
  /** The next rescan; absent for an image that is gone. */
  dueAt: z.iso.datetime().optional(),
  /** The last event that said its findings may have changed. */
  markedAt: z.iso.datetime().optional(),
  /** A rescan found changes that owners must be notified of. */
  toNotify: z.boolean().optional(),
  /** When owners were notified of changes last. */
  notifiedAt: z.iso.datetime().optional(),
});

export type ReleasedImage = z.infer<typeof releasedImageSchema>;
export type ReleaseState = (typeof releaseStates)[number];

const minute = 60_000;
const minutesOfWeek = 7 * 24 * 60;
/** ECR scans an image at most once in 24 hours. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html */
export const shortestPause = 24 * 60 * minute;

/** The minute of the week, from 0, in which an image is rescanned. The hash spreads images over the week, whenever they were released. */
export function minuteOfWeek(digest: string): number {
  return createHash('sha256').update(digest).digest().readUInt32BE(0) % minutesOfWeek;
}

/** The next rescan of an image that was scanned now: in its minute of the week, at least a day from now. */
export function nextRescanAt(digest: string, now: Date): string {
  const earliest = Math.ceil((now.getTime() + shortestPause) / minute);
  const wait = (minuteOfWeek(digest) - (earliest % minutesOfWeek) + minutesOfWeek) % minutesOfWeek;
  return new Date((earliest + wait) * minute).toISOString();
}

/** Whether a tag may move to another image: `build-…` never does, and `sha-…` names a commit, by which nobody deploys. */
export function isFloating(tag: string): boolean {
  return !/^(?:build|sha)-/.test(tag);
}

/** The newest of an image's tags that never move: one that was built again, and is the same, has several. Newer ones sort after older ones. */
export function immutableTagOf(tags: Iterable<string>): string | undefined {
  return [...tags]
    .filter((tag) => tag.startsWith('build-'))
    .sort()
    .at(-1);
}

/** Whether a release was taken back: it is newer than the one that the project has now, and no floating tag names it. */
export function isTakenBack(
  { digest, tags, floating }: Pick<ReleasedImage, 'digest' | 'tags' | 'floating'>,
  current: { digest: string; tags: readonly string[] } | undefined,
): boolean {
  if (!current || current.digest === digest || floating.length > 0) return false;
  const [own, now] = [immutableTagOf(tags), immutableTagOf(current.tags)];
  return own !== undefined && now !== undefined && own > now;
}

/** An image that was gone and was released again since then waits for its scan like any other. */
export function currentState({ state, dueAt }: ReleasedImage): ReleaseState {
  return state === 'gone' && dueAt !== undefined ? 'waiting' : state;
}

/** A release, as recorded in its build. */
export interface Release {
  project: string;
  digest: string;
  build: string;
  tags: readonly string[];
  signed?: boolean | undefined;
  /** In the registry. */
  sizeBytes?: number | undefined;
  platforms?: readonly PlatformImage[] | undefined;
  at: string;
}

export function repositoryOf(project: string, prefix: string): string {
  return repositoriesOf(parseProjectName(project), prefix).release;
}
