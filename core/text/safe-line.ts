import * as z from 'zod';
import { escaped, hiddenCharacter } from './visible.ts';

/**
 * Untrusted text, such as a program's output or a file's name, made safe to store and show as one line: invisible characters, line breaks
 * and tabs are escaped as in JSON, and text beyond `longest` characters is cut.
 */
export function shownText(text: string, longest: number): string {
  const line = escaped(text.slice(0, longest)).replaceAll(/[\t\n\r]/g, (each) => JSON.stringify(each).slice(1, -1));
  return line.length < text.length || line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** A text that `shownText` returned. Untrusted code runs where the builder writes its texts, so they are checked again. */
export const shownSchema = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine(
      (text) => text.search(hiddenCharacter) < 0 && !/[\t\n\r]/.test(text),
      'It has characters that cannot be seen.',
    );
