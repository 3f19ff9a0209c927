import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import { monthBefore, monthOf, monthsListed } from '../../core/time/month.ts';

/** One page of a list. `cursor` requests the next page and is absent on the last one; any page before it may have few items or none. */
export interface Page<Item> {
  items: Item[];
  cursor?: string | undefined;
}

export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

/** A position in a list as opaque text for URLs. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** @throws InvalidInputError if the text was not made by `encodeCursor` for this kind of list */
export function decodeCursor<Position>(schema: z.ZodType<Position>, cursor: string): Position {
  const result = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (!result.success) throw invalidCursor(result.error);
  return result.data;
}

export function invalidCursor(cause: Error): InvalidInputError {
  return new InvalidInputError('The cursor is not one that this list gave. Start again without it.', { cause });
}

const positionSchema = z.object({ month: z.string().regex(/^\d{4}-\d{2}$/), cursor: z.string().optional() });

/**
 * Reads a list that is indexed by month, newest month first, back to the oldest month that is listed.
 * @param since the month to end at, if it is a later one
 */
export async function pageByMonth<Item>(
  read: (month: string, request: PageRequest) => Promise<Page<Item>>,
  { limit, cursor }: PageRequest,
  { now = new Date(), since = '' }: { now?: Date; since?: string | undefined } = {},
): Promise<Page<Item>> {
  const newest = monthOf(now);
  const listed = monthOf(now, monthsListed);
  const oldest = since > listed ? since : listed;
  const items: Item[] = [];
  let position: z.infer<typeof positionSchema> | undefined =
    cursor === undefined ? { month: newest } : decodeCursor(positionSchema, cursor);
  // No cursor makes the list walk through more months than it has.
  if (position.month > newest) position = { month: newest };
  if (position.month < oldest) position = undefined;
  while (position && items.length < limit) {
    const { month }: { month: string } = position;
    const part = await read(month, { limit: limit - items.length, cursor: position.cursor });
    items.push(...part.items);
    if (part.cursor) position = { month, cursor: part.cursor };
    else position = month > oldest ? { month: monthBefore(month) } : undefined;
  }
  return { items, cursor: position && encodeCursor(position) };
}
