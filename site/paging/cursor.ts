import { createHash } from 'node:crypto';
import { RequestError } from '../request-error.ts';

/**
 * A store's cursor as programs get it and hand it back. The check sum ties it to its list (a cursor of one project's builds is not
 * one of another's) and finds what was changed by mistake; it guards nothing, since all that a cursor can lead to is public.
 */
export function sealCursor(list: string, cursor: string): string {
  return `${cursor}.${checkSum(list, cursor)}`;
}

/** @throws RequestError 400 if the text is not a cursor of this list */
export function openCursor(list: string, text: string): string {
  const dot = text.lastIndexOf('.');
  const cursor = text.slice(0, Math.max(0, dot));
  if (text.length <= 2000 && text === sealCursor(list, cursor)) return cursor;
  throw new RequestError(
    400,
    'InvalidCursor',
    'This cursor is not one that this list gave. Start again without "cursor".',
  );
}

function checkSum(list: string, cursor: string): string {
  return createHash('sha256').update(`${list}\n${cursor}`).digest('base64url').slice(0, 12);
}
