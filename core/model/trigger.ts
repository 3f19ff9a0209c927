import { z } from 'zod';

const commitSchema = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** What every trigger has. The same news has the same id however often it comes, so that it is planned once. */
const newsSchema = z.object({ id: z.string().min(1).max(256), receivedAt: z.iso.datetime() });

/** A branch or tag was pushed. `after` is the head of the ref: a commit, for an annotated tag the tag object. */
export const pushTriggerSchema = newsSchema.extend({
  /** `id` is the delivery's GUID: a redelivery carries the same one. */
  type: z.literal('push'),
  /** When the git host took the push, in whole seconds; a redelivery days later still says it. */
  pushedAt: z.iso.datetime().optional(),
  /** `host/owner/repository`, lower case, without `.git`. */
  source: z.string(),
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  /** The commit that the ref names in the end; null when the ref is deleted. */
  commit: z.string().nullable(),
  deleted: z.boolean(),
  forced: z.boolean(),
  pusher: z.string(),
});

/** A pull request was opened, got new commits, or was closed. */
export const pullRequestTriggerSchema = newsSchema.extend({
  type: z.literal('pull-request'),
  /** When the git host changed the pull request; a redelivery days later still says it. */
  changedAt: z.iso.datetime(),
  /** The repository that it asks to be merged into, as in `push`. */
  source: z.string(),
  /** `owner/repository` of the same, as the git host's API names it. */
  repository: z.string(),
  number: z.int().positive(),
  action: z.enum(['opened', 'synchronize', 'reopened', 'closed']),
  commit: commitSchema,
  /** The branch that it is to be merged into. */
  baseRef: z.string(),
  /** It comes from another repository: nothing of it runs before a maintainer has approved the very commit. */
  fork: z.boolean(),
  author: z.string(),
});

/** Somebody wrote `/ok-to-test <commit>` at a pull request. Whether they may is asked when it is planned. */
export const approvalTriggerSchema = newsSchema.extend({
  type: z.literal('approval'),
  source: z.string(),
  repository: z.string(),
  number: z.int().positive(),
  /** The commit that the comment names; absent where it names none in full. */
  commit: commitSchema.optional(),
  approver: z.string(),
});

/** `watch-sources` found heads that no build has. */
export const sourceMovedTriggerSchema = newsSchema.extend({
  type: z.literal('source-moved'),
  source: z.string(),
  heads: z.array(z.object({ ref: z.string(), commit: commitSchema })).min(1),
});

/** `watch-bases` found new digests behind names that projects stand on. */
export const basesChangedTriggerSchema = newsSchema.extend({
  type: z.literal('bases-changed'),
  bases: z
    .array(
      z.object({
        image: z.string(),
        digest: z.string(),
        previous: z.string(),
        /** When the digest was first seen: a build that began later has it. */
        seenAt: z.iso.datetime().optional(),
      }),
    )
    .min(1),
});

/** `watch-packages` found updates of packages that a released image holds. */
export const packagesChangedTriggerSchema = newsSchema.extend({
  type: z.literal('packages-changed'),
  /** `app/job:tag` */
  project: z.string(),
  updates: z
    .array(z.object({ package: z.string(), installed: z.string(), available: z.string() }))
    .min(1)
    .max(50),
  /** How many there are; `updates` has the first of them. */
  total: z.int().positive(),
});

/** The hour that an entry's `schedule` names has come. */
export const scheduleTriggerSchema = newsSchema.extend({
  type: z.literal('schedule'),
  project: z.string(),
  schedule: z.string(),
});

/** Somebody asked for a build: `npx slipway build`. */
export const manualTriggerSchema = newsSchema.extend({
  type: z.literal('manual'),
  project: z.string(),
  /** The head of the tracked branch where none is named. */
  commit: commitSchema.optional(),
  requester: z.string().max(100),
});

/** A build has its end. What stands on the project is rebuilt, or waits no longer for it. */
export const buildEndedTriggerSchema = newsSchema.extend({
  type: z.literal('build-ended'),
  build: z.string(),
});

/** A project of a cascade may be ready to be built: what it waits for has come further. */
export const cascadeStepTriggerSchema = newsSchema.extend({
  type: z.literal('cascade-step'),
  cascade: z.string(),
  project: z.string(),
});

/** What stands in the triggers queue. */
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
