import { z } from 'zod';
import { escaped, hiddenCharacter } from './visible.ts';

/**
 * What a stranger's program printed, or a file is called, fit to be stored and shown as one line: what cannot be seen is written as in
 * JSON, line breaks and tabs too, and the rest after `longest` characters is cut.
 */
export function shownText(text: string, longest: number): string {
  const line = escaped(text.slice(0, longest)).replaceAll(/[\t\n\r]/g, (each) => JSON.stringify(each).slice(1, -1));
  return line.length < text.length || line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** A text that `shownText` gives. What the builder writes stands where strangers' code runs, so it is looked at again. */
export const shownSchema = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine(
      (text) => text.search(hiddenCharacter) < 0 && !/[\t\n\r]/.test(text),
      'It has characters that cannot be seen.',
    );
