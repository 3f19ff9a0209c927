import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseProjectName, repositoriesOf } from '../model/project.ts';

/** What is known of a released image today. */
export const releaseStates = [
  /** It was not looked at since its release. */
  'waiting',
  'complete',
  'unsupported',
  'failed',
  /** It is not in the registry any more. */
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
  releasedAt: z.iso.datetime(),
  /** Every tag that the project ever gave it. */
  tags: z.set(z.string()),
  /** Those of them that move and, as far as is known, name it now. */
  floating: z.array(z.string()).default([]),
  state: z.enum(releaseStates).default('waiting'),
  /** Why the last look found nothing out. */
  reason: z.string().optional(),
  /** How many findings of each severity it has, by the last scan that was complete. */
  counts: z.record(z.string(), z.int()).optional(),
  /** How many of them were not known at the release. */
  appeared: z.int().optional(),
  /** Whether the policy would let it be released at the last look. */
  outcome: z.enum(['pass', 'block']).optional(),
  /** When it was looked at last. */
  checkedAt: z.iso.datetime().optional(),
  /** When the registry was asked for the scan that is awaited. */
  askedAt: z.iso.datetime().optional(),
  /** When it is looked at next; absent for one that is gone. */
  dueAt: z.iso.datetime().optional(),
  /** When somebody said last that there is news of it. */
  markedAt: z.iso.datetime().optional(),
  /** It was looked at, and people are to hear what came of it. */
  toNotify: z.boolean().optional(),
  /** When people were told of it last. */
  notifiedAt: z.iso.datetime().optional(),
});

export type ReleasedImage = z.infer<typeof releasedImageSchema>;
export type ReleaseState = (typeof releaseStates)[number];

const minute = 60_000;
const minutesOfWeek = 7 * 24 * 60;
/** ECR scans an image once in 24 hours. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html */
export const shortestPause = 24 * 60 * minute;

/** The minute of the week, from 0, in which an image is looked at: the hash spreads them, whatever hour they were released in. */
export function minuteOfWeek(digest: string): number {
  return createHash('sha256').update(digest).digest().readUInt32BE(0) % minutesOfWeek;
}

/** When an image is looked at next that was scanned or looked at now: in its minute of the week, a day from now at the earliest. */
export function nextRescanAt(digest: string, now: Date): string {
  const earliest = Math.ceil((now.getTime() + shortestPause) / minute);
  const wait = (minuteOfWeek(digest) - (earliest % minutesOfWeek) + minutesOfWeek) % minutesOfWeek;
  return new Date((earliest + wait) * minute).toISOString();
}

/** Whether a tag may come to name another image: `build-…` never does, and `sha-…` names a commit, which nobody deploys by. */
export function isFloating(tag: string): boolean {
  return !/^(?:build|sha)-/.test(tag);
}

/** One that was gone and was released again since is waited for like any other. */
export function currentState({ state, dueAt }: ReleasedImage): ReleaseState {
  return state === 'gone' && dueAt !== undefined ? 'waiting' : state;
}

/** A release as a build's record says it. */
export interface Release {
  project: string;
  digest: string;
  build: string;
  tags: readonly string[];
  at: string;
}

export function repositoryOf(project: string, prefix: string): string {
  return repositoriesOf(parseProjectName(project), prefix).release;
}
