import { z } from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';

/** A piece of a list. `cursor` asks for the next one and is absent at the end. */
export interface Page<Item> {
  items: Item[];
  cursor?: string;
}

export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

/** A place in a list as opaque text for URLs. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** @throws InvalidInputError if the text was not made by `encodeCursor` for this kind of list */
export function decodeCursor<Position>(schema: z.ZodType<Position>, cursor: string): Position {
  const json = z.preprocess((text, context) => {
    try {
      return JSON.parse(Buffer.from(String(text), 'base64url').toString());
    } catch {
      context.addIssue({ code: 'custom', message: 'no JSON' });
      return z.NEVER;
    }
  }, schema);
  const result = json.safeParse(cursor);
  if (!result.success)
    throw new InvalidInputError('The cursor is not one that this list gave. Start again without it.');
  return result.data;
}
