import * as z from 'zod';
import { buildCostSchema } from './build-cost.ts';
import { cacheUseSchema } from './cache-use.ts';
import { gitHostKinds } from './git-host.ts';
import { holdSchema } from './hold.ts';
import { notifiableStatuses } from './notifiable-statuses.ts';
import { platformImageSchema, platformSchema } from './platform.ts';
import { scannerNames, scannerStates } from './scanner-names.ts';

export const terminalStatuses = ['released', 'unchanged', 'blocked', 'failed', 'superseded', 'cancelled'] as const;
export const runningStatuses = ['queued', 'building', 'scanning', 'releasing'] as const;
export const buildStatuses = [...runningStatuses, ...terminalStatuses] as const;

export const stageNames = ['build', 'scan', 'judge', 'sign', 'release', 'tell'] as const;

/** Why a build runs, with the details of the reason. */
export const causeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('push'), delivery: z.string(), ref: z.string(), commit: z.string(), pusher: z.string() }),
  z.object({
    type: z.literal('index'),
    commit: z.string(),
    change: z.enum(['added', 'changed']),
    /** The keys of the entry whose change gives another image; none where only the rules changed. */
    keys: z.array(z.string()).optional(),
  }),
  /** A pull request to the project's repository: built, scanned and judged, never released. */
  z.object({
    type: z.literal('pull-request'),
    delivery: z.string(),
    number: z.int(),
    commit: z.string(),
    author: z.string(),
    /** Who approved the build of a fork's commit. */
    approver: z.string().optional(),
  }),
  /** A head for which no delivery was received. */
  z.object({ type: z.literal('source-moved'), ref: z.string(), commit: z.string() }),
  z.object({
    type: z.literal('bases-changed'),
    bases: z.array(z.object({ image: z.string(), digest: z.string(), previous: z.string() })),
  }),
  z.object({ type: z.literal('packages-changed'), updates: z.array(z.string()), total: z.int() }),
  /** Images of this pipeline that the project depends on were released. */
  z.object({ type: z.literal('parent-released'), parents: z.array(z.string()) }),
  z.object({ type: z.literal('schedule'), schedule: z.string() }),
  z.object({ type: z.literal('manual'), requester: z.string() }),
  /** The project's floating tags go back to an earlier release, and stay there. Nothing is built. */
  z.object({
    type: z.literal('rollback'),
    requester: z.string(),
    reason: z.string().optional(),
    /** The image of the release that is taken back, as the requester saw it. */
    from: z.string(),
    to: z.string(),
  }),
  /** A hold has ended that kept a build from its release. */
  z.object({
    type: z.literal('unheld'),
    requester: z.string(),
    reason: z.string().optional(),
    /** The build whose candidate is judged again and released; absent: it has expired, and its commit is built once more. */
    candidateOf: z.string().optional(),
  }),
]);

export const stageSchema = z.object({
  name: z.enum(stageNames),
  status: z.enum(['running', 'succeeded', 'failed', 'skipped']),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
});

export const verdictSchema = z.object({
  outcome: z.enum(['pass', 'block']),
  /** The image that was judged. */
  digest: z.string().optional(),
  /** One sentence each. Empty only when the outcome is `pass`. */
  reasons: z.array(z.string()),
  /** Of each reason, the package that it is about; empty where it is about none. */
  packages: z.array(z.string()).optional(),
  /** What people should know although it does not block; one sentence each. */
  warnings: z.array(z.string()).optional(),
  /** How many findings of each severity the scan has. */
  counts: z.record(z.string(), z.int().nonnegative()),
  /** How many findings an exception or a VEX statement accepts. */
  accepted: z.int().nonnegative().optional(),
  /** The first of the blocking findings that the index could accept by an exception. */
  exceptable: z.array(z.object({ id: z.string(), package: z.string().optional() })).optional(),
});

/** The differences from the previous release, in numbers; `comparison.ts` has the names. */
export const changesSchema = z.object({
  /** The build of the previous release. */
  against: z.string(),
  packages: z.object({ added: z.int(), removed: z.int(), updated: z.int() }).optional(),
  vulnerabilities: z.object({ fixed: z.int(), introduced: z.int() }).optional(),
  /** The size in the registry, in bytes. */
  size: z.object({ before: z.int(), after: z.int() }).optional(),
});

/** Who wrote the commit, and the first line of its message: as the builder found them, and for people only. */
export const authoredSchema = z.object({ by: z.string().max(200), subject: z.string().max(500) });

/** One run of the pipeline for one project and one cause, as the builds table stores it. */
export const buildSchema = z.object({
  id: z.string(),
  /** `app/job:tag` */
  project: z.string(),
  status: z.enum(buildStatuses),
  cause: causeSchema,
  commit: z.string(),
  /** `refs/heads/main` */
  ref: z.string(),
  sourceUrl: z.string(),
  /** The kind of the git host, as the project has it. */
  gitHost: z.enum(gitHostKinds).optional(),
  notifyEmail: z.array(z.string()),
  /** Rises by one with every build of the project. */
  sequence: z.int().positive(),
  /**
   * The revision of the ref's head when the build took the lease. It rises with every change of the head or the lease, so that it decides
   * which of two builds of a ref may move a floating tag. Absent for a build that was skipped.
   */
  headRevision: z.int().positive().optional(),
  /** The cascade that the build is a part of. */
  cascade: z.string().optional(),
  /** The newer build of the same ref that superseded it. */
  supersededBy: z.string().optional(),
  /** The results that are notified by mail; the default ones where it is absent. */
  notify: z.array(z.enum(notifiableStatuses)).optional(),
  /** The platforms that it is built for, each on a machine of its own; absent: for the pipeline's own. */
  platforms: z.array(platformSchema).optional(),
  /** All layers are built again, without the cache. */
  noCache: z.boolean().optional(),
  /** Why a build that CodeBuild ran, or had in its queue, runs once more: what it waits for, how often it did, and when it runs again. */
  waiting: z
    .object({ for: z.enum(['base', 'machine']), times: z.int().positive(), until: z.iso.datetime() })
    .optional(),
  /** The ids of the builder's runs in CodeBuild. */
  codeBuildIds: z.set(z.string()).optional(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().optional(),
  endedAt: z.iso.datetime().optional(),
  /** Absent until the commit is fetched. */
  authored: authoredSchema.optional(),
  /** Absent until it is built, and where the engine does not say it. */
  cacheUse: cacheUseSchema.optional(),
  candidate: z
    .object({
      repository: z.string(),
      digest: z.string(),
      /** Of an image index, that of its largest image. */
      sizeBytes: z.int().optional(),
      /** The images of an image index. */
      platforms: z.array(platformImageSchema).optional(),
    })
    .optional(),
  /** `repository` includes the registry's host. */
  image: z
    .object({
      repository: z.string(),
      digest: z.string(),
      tags: z.array(z.string()),
      /** Of an image index, the images that it has. */
      platforms: z.array(platformImageSchema).optional(),
      /** Its signature and the signed statements on it are beside it in the registry. */
      signed: z.boolean().optional(),
    })
    .optional(),
  /** By name; `stageNames` has their order. */
  stages: z.partialRecord(z.enum(stageNames), stageSchema.omit({ name: true })),
  verdict: verdictSchema.optional(),
  /** The number of findings of each of the builder's scanners. */
  scanners: z
    .partialRecord(z.enum(scannerNames), z.object({ state: z.enum(scannerStates), total: z.int() }))
    .optional(),
  changes: changesSchema.optional(),
  /** The hold that kept the image from its release: the build passed, and ended as `unchanged`. */
  held: holdSchema.extend({ by: z.string(), at: z.iso.datetime().optional() }).optional(),
  failure: z.object({ error: z.string(), message: z.string() }).optional(),
  /** Absent until people were notified of its end. */
  cost: buildCostSchema.optional(),
  /** When the mail about the result was sent. */
  notifiedAt: z.iso.datetime().optional(),
});

export type Build = z.infer<typeof buildSchema>;
export type BuildStatus = (typeof buildStatuses)[number];
export type TerminalStatus = (typeof terminalStatuses)[number];
export type StageName = (typeof stageNames)[number];
export type Stage = z.infer<typeof stageSchema>;
export type Waiting = NonNullable<Build['waiting']>;
export type Cause = z.infer<typeof causeSchema>;
export type Authored = z.infer<typeof authoredSchema>;
export type Verdict = z.infer<typeof verdictSchema>;

export function isTerminal(status: BuildStatus): status is TerminalStatus {
  return (terminalStatuses as readonly string[]).includes(status);
}

/** Since when a queued build has waited for a machine, and not for its base image; may be in the future. */
export function queuedSince({ waiting, createdAt }: Pick<Build, 'waiting' | 'createdAt'>): string {
  return waiting?.for === 'base' ? waiting.until : createdAt;
}

/** Whether a passing build of the ref is released. A commit that is on no branch and no tag of the repository is only judged. */
export function isReleasable(ref: string): boolean {
  return /^refs\/(?:heads|tags)\//.test(ref);
}

/**
 * The step that a build's execution begins with. Only a rollback needs no verdict: its image has got one at its release. A build that has
 * ended before it began only notifies people.
 */
export function firstStepOf({
  cause,
  status,
}: Pick<Build, 'cause' | 'status'>): 'build' | 'scan' | 'roll-back' | 'tell' {
  if (isTerminal(status)) return 'tell';
  if (cause.type === 'rollback') return 'roll-back';
  return cause.type === 'unheld' && cause.candidateOf !== undefined ? 'scan' : 'build';
}

/** The build whose run made the candidate and what was recorded of it: after a hold it is another one. */
export function makerOf({ id, cause }: Pick<Build, 'id' | 'cause'>): string {
  return cause.type === 'unheld' ? (cause.candidateOf ?? id) : id;
}

export function isBranch(ref: string): boolean {
  return ref.startsWith('refs/heads/');
}

/** A build as the public JSON API and the pages show it (docs/architecture.md, HTTP surface). */
export function publicBuild(build: Build, siteUrl: string) {
  return {
    id: build.id,
    project: build.project,
    status: build.status,
    cause: build.cause,
    commit: build.commit,
    ref: build.ref,
    authored: build.authored ?? null,
    cacheUse: build.cacheUse ?? null,
    image: build.image ?? null,
    stages: stageNames.flatMap((name) => {
      const stage = build.stages[name];
      return stage ? [{ name, ...stage }] : [];
    }),
    verdict: build.verdict ?? null,
    scanners: build.scanners ?? null,
    changes: build.changes ?? null,
    held: build.held ?? null,
    failure: build.failure ?? null,
    cost: build.cost ?? null,
    waiting: build.waiting ?? null,
    platforms: build.platforms ?? null,
    cascade: build.cascade ?? null,
    supersededBy: build.supersededBy ?? null,
    createdAt: build.createdAt,
    startedAt: build.startedAt ?? null,
    endedAt: build.endedAt ?? null,
    logUrl: `${siteUrl}/api/v1/builds/${build.id}/log`,
  };
}
