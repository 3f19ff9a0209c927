import * as z from 'zod';
import { named } from './named.ts';

export const foundKinds = ['project', 'build', 'release', 'cascade'] as const;

const foundSchema = z.object({
  kind: z.enum(foundKinds),
  /** Of a project its name, of a release its digest, of others their id. */
  name: z.string(),
  /** `app/job:tag`; null for a cascade. */
  project: z.string().nullable(),
  /** Its page. */
  url: z.url(),
});

export const apiSearchSchema = z
  .object({ items: z.array(foundSchema) })
  .register(named, { id: 'SearchResult', description: 'What was found, at most 20 of each kind.' });

export type Found = z.infer<typeof foundSchema>;
