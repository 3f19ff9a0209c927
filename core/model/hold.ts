import * as z from 'zod';

/** A hold of an index entry: floating tags stay where they are, while builds and scans go on. */
export const holdSchema = z.object({
  /** The last day of the hold, in UTC; it ends by itself after it. */
  until: z.iso.date().optional(),
  reason: z.string().optional(),
});

/** A hold that somebody placed by a command, or by a rollback. */
export const placedHoldSchema = holdSchema.extend({
  /** The trigger that placed it. */
  id: z.string(),
  /** The caller's name in AWS. */
  by: z.string(),
  at: z.iso.datetime(),
});

export const holdActions = ['held', 'unheld', 'rolled back'] as const;

/** A line of a project's record of holds and rollbacks: who did what, when and why. */
export const holdChangeSchema = z.object({
  /** `app/job:tag` */
  project: z.string(),
  /** The trigger or, for a rollback, the build. */
  id: z.string(),
  action: z.enum(holdActions),
  at: z.iso.datetime(),
  /** The caller's name in AWS, the commit of the index, or that the last day has passed. */
  by: z.string(),
  until: z.iso.date().optional(),
  reason: z.string().optional(),
  /** The image that a rollback moved the tags to. */
  digest: z.string().optional(),
  /** The builds that release what the hold kept back. */
  builds: z.array(z.string()).optional(),
});

export type Hold = z.infer<typeof holdSchema>;
export type PlacedHold = z.infer<typeof placedHoldSchema>;
export type HoldChange = z.infer<typeof holdChangeSchema>;
