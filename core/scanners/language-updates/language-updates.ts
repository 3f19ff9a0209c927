import * as z from 'zod';
import { shownSchema } from '../../text/safe-line.ts';
import type { FindingText } from '../finding-text.ts';

/** A package of a programming language that has an update, according to its package manager. */
export const languageUpdateSchema = z.object({
  manager: z.enum(['pip', 'npm', 'gem']),
  name: shownSchema(214),
  installed: shownSchema(200),
  available: shownSchema(200),
});

export type LanguageUpdate = z.infer<typeof languageUpdateSchema>;

export function describeLanguageUpdate({ manager, name, installed, available }: LanguageUpdate): FindingText {
  return {
    id: `${manager}:${name}`,
    sentence: `${name} ${installed} (${manager}) has an update to ${available}`,
    remedy: 'install the newer version in the Dockerfile',
  };
}
