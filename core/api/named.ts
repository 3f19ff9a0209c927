import * as z from 'zod';

/** The schemas that the API's document names, each with its description. */
export const named = z.registry<{ id: string; description: string }>();

/** One page of a list; `cursor` is null on the last one. A page may have fewer items than asked for, or none, although the list goes on. */
export const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), cursor: cursorSchema });

/** A part of a record's list, which is known as a whole. */
export const pieceOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), total: z.int().nonnegative(), cursor: cursorSchema });

const cursorSchema = z.string().nullable();

/** RFC 9457 */
export const problemSchema = z
  .object({
    /** The address of the problem's description in this document. */
    type: z.url(),
    /** The same for every problem of this type. */
    title: z.string(),
    status: z.int(),
    /** What is wrong with this request, with a next step. */
    detail: z.string(),
    /** The path of the request. */
    instance: z.string(),
    /** The last part of `type`. */
    code: z.string(),
  })
  .register(named, { id: 'Problem', description: 'Why there is no other answer (RFC 9457).' });
