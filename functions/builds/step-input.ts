import * as z from 'zod';

/** The input of every state of the machine: only the build's id; everything else is read from the tables. */
export const stepInputSchema = z.object({ build: z.string().regex(/^[0-9a-f]{16}$/) });
