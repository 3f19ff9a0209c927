import type { Seals } from '../../services/aws/seals.ts';
import { invalidCursor, openCursor, sealCursor } from './cursor.ts';
import { pieceLimitOf } from './query.ts';

/**
 * One answer has this many bytes of items. A function's answer has 6 MB at most, in which the JSON is a string once more
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
const mostBytes = 4_000_000;

interface Piece<Item> {
  items: Item[];
  total: number;
  /** Null at the end. */
  cursor: string | null;
}

/** A page of a record's list: up to `limit` items from the cursor on, and no more than fit into one answer. */
export async function pieceOf<Item>(
  seals: Seals,
  list: string,
  all: readonly Item[],
  query: URLSearchParams,
  total = all.length,
): Promise<Piece<Item>> {
  const limit = pieceLimitOf(query);
  const start = startOf(await openCursor(seals, list, query));
  const items: Item[] = [];
  let bytes = 0;
  for (const item of all.slice(start, start + limit)) {
    bytes += Buffer.byteLength(JSON.stringify(JSON.stringify(item)));
    if (bytes > mostBytes && items.length > 0) break;
    items.push(item);
  }
  const next = start + items.length;
  return { items, total, cursor: await sealCursor(seals, list, next < all.length ? String(next) : undefined) };
}

function startOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw invalidCursor();
}
