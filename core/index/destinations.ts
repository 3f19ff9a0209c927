import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference } from '../model/image-reference.ts';
import { quoted } from '../text/visible.ts';
import { rule, text } from './values.ts';

/** Each gets a copy of every release. */
export const mostDestinations = 10;

/** An image in another registry, with the registry's host; or, with `/` at the end, the folder that has the images of all entries. */
export const destination = text
  .check(
    rule((value) => {
      const isFolder = value.endsWith('/');
      const shown = isFolder ? 'ghcr.io/acme/' : 'ghcr.io/acme/shop';
      try {
        const { registryIsWritten, tag, digest } = parseImageReference(isFolder ? `${value}x` : value);
        if (!registryIsWritten) return `${quoted(value)} names no registry. Write it with the host: ${shown}.`;
        if (tag !== undefined || digest !== undefined)
          return `Write ${quoted(value)} without a tag and a digest: a copy has the tags of the release.`;
        return undefined;
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        return error.message;
      }
    }),
  )
  .meta({ pattern: '^[^/@\\s]+/[^@:\\s]+$', examples: ['ghcr.io/acme/shop', 'quay.io/acme/'] });
