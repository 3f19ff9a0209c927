import { z } from 'zod';

const commitSchema = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** What every trigger has. One event always has the same id, however often it is delivered, so that it is planned once. */
const eventSchema = z.object({ id: z.string().min(1).max(256), receivedAt: z.iso.datetime() });

/** A branch or tag was pushed. `after` is the head of the ref: a commit, for an annotated tag the tag object. */
export const pushTriggerSchema = eventSchema.extend({
  /** `id` is the delivery's GUID; a redelivery has the same one. */
  type: z.literal('push'),
  /** When the git host received the push, in whole seconds; a redelivery days later has the same time. */
  pushedAt: z.iso.datetime().optional(),
  /** The identity of the repository (core/sources/source.ts): `host/owner/repository`. */
  source: z.string(),
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  /** The commit that the ref points to, for an annotated tag the tagged one; null when the ref is deleted. */
  commit: z.string().nullable(),
  deleted: z.boolean(),
  forced: z.boolean(),
  pusher: z.string(),
});

/** A pull request was opened, got new commits, or was closed. */
export const pullRequestTriggerSchema = eventSchema.extend({
  type: z.literal('pull-request'),
  /** When the pull request changed on the git host; a redelivery days later has the same time. */
  changedAt: z.iso.datetime(),
  /** The repository that it is to be merged into, as in `push`. */
  source: z.string(),
  /** `owner/repository` of the same repository, as the git host's API names it. */
  repository: z.string(),
  number: z.int().positive(),
  action: z.enum(['opened', 'synchronize', 'reopened', 'closed']),
  commit: commitSchema,
  /** The branch that it is to be merged into. */
  baseRef: z.string(),
  /** It comes from another repository: nothing of it runs before a maintainer has approved exactly this commit. */
  fork: z.boolean(),
  author: z.string(),
});

/** Somebody wrote `/ok-to-test <commit>` at a pull request. Planning checks whether they are allowed to. */
export const approvalTriggerSchema = eventSchema.extend({
  type: z.literal('approval'),
  source: z.string(),
  repository: z.string(),
  number: z.int().positive(),
  /** The commit that the comment names; absent where it names none in full. */
  commit: commitSchema.optional(),
  approver: z.string(),
});

/** `watch-sources` found heads that have no build. */
export const sourceMovedTriggerSchema = eventSchema.extend({
  type: z.literal('source-moved'),
  source: z.string(),
  heads: z.array(z.object({ ref: z.string(), commit: commitSchema })).min(1),
});

/** `watch-bases` found new digests of base images that projects depend on. */
export const basesChangedTriggerSchema = eventSchema.extend({
  type: z.literal('bases-changed'),
  bases: z
    .array(
      z.object({
        image: z.string(),
        digest: z.string(),
        previous: z.string(),
        /** When the digest was first seen; a build that started later uses it. */
        seenAt: z.iso.datetime().optional(),
      }),
    )
    .min(1),
});

/** `watch-packages` found updates of packages in a released image. */
export const packagesChangedTriggerSchema = eventSchema.extend({
  type: z.literal('packages-changed'),
  /** `app/job:tag` */
  project: z.string(),
  updates: z
    .array(z.object({ package: z.string(), installed: z.string(), available: z.string() }))
    .min(1)
    .max(50),
  /** How many updates there are; `updates` lists the first of them. */
  total: z.int().positive(),
});

/** A build is due by an entry's `schedule`. */
export const scheduleTriggerSchema = eventSchema.extend({
  type: z.literal('schedule'),
  project: z.string(),
  schedule: z.string(),
});

/** Somebody requested a build: `npx slipway build`. */
export const manualTriggerSchema = eventSchema.extend({
  type: z.literal('manual'),
  project: z.string(),
  /** The head of the tracked branch where none is named. */
  commit: commitSchema.optional(),
  requester: z.string().max(100),
});

/** A build has ended. Dependents of the project are rebuilt, or no longer wait for it. */
export const buildEndedTriggerSchema = eventSchema.extend({
  type: z.literal('build-ended'),
  build: z.string(),
});

/** A project of a cascade may be ready to be built, because a parent that it waits for has progressed. */
export const cascadeStepTriggerSchema = eventSchema.extend({
  type: z.literal('cascade-step'),
  cascade: z.string(),
  project: z.string(),
});

/** A message of the triggers queue. */
export const triggerSchema = z.discriminatedUnion('type', [
  pushTriggerSchema,
  pullRequestTriggerSchema,
  approvalTriggerSchema,
  sourceMovedTriggerSchema,
  basesChangedTriggerSchema,
  packagesChangedTriggerSchema,
  scheduleTriggerSchema,
  manualTriggerSchema,
  buildEndedTriggerSchema,
  cascadeStepTriggerSchema,
]);

export type Trigger = z.infer<typeof triggerSchema>;
export type TriggerOf<Type extends Trigger['type']> = Extract<Trigger, { type: Type }>;
export type PushTrigger = TriggerOf<'push'>;
