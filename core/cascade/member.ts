import * as z from 'zod';
import { outcomes } from './rebuild-state.ts';

export const memberStates = ['waiting', 'building', ...outcomes] as const;

/** A project's part in a cascade, as the pages show it. The state that the pipeline works with is in services/tables/rebuilds.ts. */
export const cascadeMemberSchema = z.object({
  project: z.string(),
  state: z.enum(memberStates),
  /** The parents that the cascade rebuilds before it. */
  parents: z.array(z.string()),
  /** The event concerns it directly, and not only through its parents. */
  root: z.boolean(),
  build: z.string().optional(),
  reason: z.string().optional(),
  since: z.iso.datetime(),
  /** The version of the project's state that it was written from: an older one never overwrites a newer one. */
  version: z.int(),
});

export type CascadeMember = z.infer<typeof cascadeMemberSchema>;
