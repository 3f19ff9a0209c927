import * as z from 'zod';

/** What an id of a cascade looks like, as a regular expression; `core/cascade/announcement.ts` makes them. */
export const cascadeIdForm = '\\d{8}T\\d{6}Z-[0-9a-f]{6}';

export const cascadeIdSchema = z.string().regex(new RegExp(`^${cascadeIdForm}$`));
