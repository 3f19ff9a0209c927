import * as z from 'zod';
import { buildIdSchema } from '../../core/model/build-id.ts';

/** The input of every state of the machine: only the build's id; everything else is read from the tables. */
export const stepInputSchema = z.object({ build: buildIdSchema });
