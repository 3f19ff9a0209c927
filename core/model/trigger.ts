import * as z from 'zod';
import { buildIdSchema } from './build-id.ts';
import { cascadeIdSchema } from './cascade-id.ts';

const commitSchema = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);
const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** What every trigger has. One event always has the same id, however often it is delivered, so that it is planned once. */
const eventSchema = z.object({
  id: z.string().min(1).max(256),
  /** How often it was put off, because the git host did not answer or did not show the change yet. */
  postponed: z.int().nonnegative().optional(),
});

/**
 * A git host reported that a branch or tag was pushed. The event is a hint: what the ref is at is asked of the host, and only that is
 * planned. Anyone with the secret can name any commit, and deliveries come late, twice and in any order.
 */
export const pushTriggerSchema = eventSchema.extend({
  /** `id` is the delivery's GUID; a redelivery has the same one. */
  type: z.literal('push'),
  /** The identity of the repository (core/sources/source.ts): `host/owner/repository`. */
  source: z.string(),
  ref: z.string(),
  /**
   * The commit that the event names, where it names one; zeros if the ref was deleted. It is never planned: if the host does not show it,
   * the host is asked once more a little later.
   */
  expected: z.string().optional(),
  pusher: z.string(),
});

/** A pull request was opened, closed, or got new commits or another target. As with `push`, the host says what it is at. */
export const pullRequestTriggerSchema = eventSchema.extend({
  type: z.literal('pull-request'),
  /** The repository that it is to be merged into, as in `push`. */
  source: z.string(),
  number: z.int().positive(),
  /** What the event says, as in `push`. */
  expected: z.object({ commit: commitSchema, isOpen: z.boolean() }),
});

/** Somebody wrote `/ok-to-test <commit>` at a pull request. Planning checks whether they are allowed to. */
export const approvalTriggerSchema = eventSchema.extend({
  type: z.literal('approval'),
  source: z.string(),
  number: z.int().positive(),
  /** The commit that the comment names; absent where it names none in full. */
  commit: commitSchema.optional(),
  approver: z.string(),
});

/**
 * Somebody has a build of a repository run once more, or all of a commit, by the buttons of check runs. Planning checks whether they are allowed to.
 */
export const rerunTriggerSchema = eventSchema.extend({
  type: z.literal('rerun'),
  source: z.string(),
  of: z.union([z.object({ build: buildIdSchema }), z.object({ commit: commitSchema })]),
  requester: z.string().max(100),
});

/** `watch-sources` found refs with heads that were not planned. As with `push`, the host says what they are at. */
export const sourceMovedTriggerSchema = eventSchema.extend({
  type: z.literal('source-moved'),
  source: z.string(),
  refs: z.array(z.string()).min(1),
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

const requesterSchema = z.string().max(100);
const reasonSchema = z.string().max(500);

/** Somebody takes the current release back: `npx slipway rollback`. */
export const rollbackTriggerSchema = eventSchema.extend({
  type: z.literal('rollback'),
  project: z.string(),
  /** The image of the release that is current to the requester. If another one is current by then, nothing is rolled back. */
  from: digestSchema,
  /** The image of an earlier release. */
  to: digestSchema,
  requester: requesterSchema,
  reason: reasonSchema.optional(),
});

/** Somebody holds a project's releases: `npx slipway hold`, or the key `hold` of its entry. */
export const holdTriggerSchema = eventSchema.extend({
  type: z.literal('hold'),
  project: z.string(),
  because: z.enum(['command', 'index']),
  until: z.iso.date().optional(),
  requester: requesterSchema,
  reason: reasonSchema.optional(),
});

/** A hold ends: by `npx slipway unhold`, by a change of the entry, or because its last day has passed. */
export const unholdTriggerSchema = eventSchema.extend({
  type: z.literal('unhold'),
  project: z.string(),
  because: z.enum(['command', 'index', 'date']),
  requester: requesterSchema,
  reason: reasonSchema.optional(),
});

/** Somebody stops a build: `npx slipway cancel`. */
export const cancelTriggerSchema = eventSchema.extend({
  type: z.literal('cancel'),
  build: buildIdSchema,
  requester: requesterSchema,
  reason: reasonSchema.optional(),
});

/** Somebody stops a whole cascade: `npx slipway cancel`. */
export const cancelCascadeTriggerSchema = eventSchema.extend({
  type: z.literal('cancel-cascade'),
  cascade: cascadeIdSchema,
  requester: requesterSchema,
  reason: reasonSchema.optional(),
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
  rerunTriggerSchema,
  sourceMovedTriggerSchema,
  basesChangedTriggerSchema,
  packagesChangedTriggerSchema,
  scheduleTriggerSchema,
  manualTriggerSchema,
  rollbackTriggerSchema,
  holdTriggerSchema,
  unholdTriggerSchema,
  cancelTriggerSchema,
  cancelCascadeTriggerSchema,
  buildEndedTriggerSchema,
  cascadeStepTriggerSchema,
]);

export type Trigger = z.infer<typeof triggerSchema>;
export type TriggerOf<Type extends Trigger['type']> = Extract<Trigger, { type: Type }>;
export type PushTrigger = TriggerOf<'push'>;
