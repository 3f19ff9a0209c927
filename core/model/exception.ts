import * as z from 'zod';
import { vexJustifications, vexStatuses } from './vex.ts';

/** A finding that the index accepts for one project. */
export const exceptionSchema = z.object({
  /** The finding, as the scan names it: `CVE-2026-1234`, `DL3006`. */
  id: z.string(),
  /** The package that it applies to; all packages where it is absent. */
  package: z.string().optional(),
  reason: z.string(),
  /** The person who is responsible for it. */
  owner: z.string(),
  /** The last day on which it is valid. */
  expires: z.iso.date(),
  status: z.enum(vexStatuses).optional(),
  justification: z.enum(vexJustifications).optional(),
});

export type Exception = z.infer<typeof exceptionSchema>;
