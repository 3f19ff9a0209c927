import type { Seals } from '../../services/aws/seals.ts';
import { RequestError } from '../request-error.ts';

/**
 * A store's cursor as programs get it and hand it back. It is sealed for its list, so a cursor that somebody made up, or one of another
 * list, reaches no store: what it would make the store read has no bound. And it cannot be read: the place where a page ends may be a private
 * project's.
 */
export async function sealCursor(seals: Seals, list: string, cursor: string | undefined): Promise<string | null> {
  return cursor === undefined ? null : seals.hide(purposeOf(list), cursor);
}

/**
 * The cursor of a request; undefined if it has none.
 * @throws RequestError 400 if it is not a cursor of this list
 */
export async function openCursor(seals: Seals, list: string, query: URLSearchParams): Promise<string | undefined> {
  const sealed = query.get('cursor');
  if (!sealed) return undefined;
  const cursor = sealed.length <= 2000 ? await seals.reveal(purposeOf(list), sealed) : undefined;
  if (cursor === undefined) throw invalidCursor();
  return cursor;
}

export function invalidCursor(): RequestError {
  return new RequestError(
    400,
    'InvalidCursor',
    'This cursor is not one that this list gave. Start again without "cursor".',
  );
}

const purposeOf = (list: string): string => `cursor\n${list}`;
