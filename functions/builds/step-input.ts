import { z } from 'zod';

/** What every state of the machine gets: it carries the build's id, and everything else is looked up. */
export const stepInputSchema = z.object({ build: z.string().regex(/^[0-9a-f]{16}$/) });
