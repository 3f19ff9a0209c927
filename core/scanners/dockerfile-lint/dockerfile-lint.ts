import * as z from 'zod';
import { shownSchema } from '../../text/safe-line.ts';
import type { FindingText } from '../finding-text.ts';

/** Something in the Dockerfile that its author should check. */
export const lintSchema = z.object({
  rule: shownSchema(100),
  level: z.enum(['error', 'warning', 'info']),
  /** Counts from 1. */
  line: z.int().positive(),
  message: shownSchema(500),
  url: shownSchema(300).optional(),
});

export type Lint = z.infer<typeof lintSchema>;

export function describeLint({ rule, line, message }: Lint): FindingText {
  return {
    id: rule,
    sentence: `line ${line} of the Dockerfile: ${message.replace(/[.\s]+$/, '')} (${rule})`,
    remedy: 'correct the line',
  };
}
