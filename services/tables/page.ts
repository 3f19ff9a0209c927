import { z } from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';
import { monthBefore, monthOf, monthsListed } from '../../core/time/month.ts';

/** A piece of a list. `cursor` asks for the next one and is absent at the end. */
export interface Page<Item> {
  items: Item[];
  cursor?: string | undefined;
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

const placeSchema = z.object({ month: z.string().regex(/^\d{4}-\d{2}$/), cursor: z.string().optional() });

/** A list that is kept by the month, as far back as it goes. */
export async function pageByMonth<Item>(
  read: (month: string, request: PageRequest) => Promise<Page<Item>>,
  { limit, cursor }: PageRequest,
  now = new Date(),
): Promise<Page<Item>> {
  const oldest = monthOf(now, monthsListed);
  const items: Item[] = [];
  let place: z.infer<typeof placeSchema> | undefined =
    cursor === undefined ? { month: monthOf(now) } : decodeCursor(placeSchema, cursor);
  while (place && items.length < limit) {
    const { month }: { month: string } = place;
    const part = await read(month, { limit: limit - items.length, cursor: place.cursor });
    items.push(...part.items);
    if (part.cursor) place = { month, cursor: part.cursor };
    else place = month > oldest ? { month: monthBefore(month) } : undefined;
  }
  return { items, cursor: place && encodeCursor(place) };
}
