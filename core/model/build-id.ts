import * as z from 'zod';

/** What an id of a build looks like, as a regular expression; `core/builds/build-id.ts` makes them. */
export const buildIdForm = '[0-9a-f]{16}';

export const buildIdSchema = z.string().regex(new RegExp(`^${buildIdForm}$`));
