import { InvalidInputError } from '../model/errors.ts';

/**
 * The normalized name of a git repository: `host/owner/repository` in lower case, without scheme, credentials, `www.`, `.git` or a
 * trailing slash. The index and a push event may write the same repository's URL differently, so both are compared in this form.
 * @throws InvalidInputError if the text is not a URL
 */
export function sourceOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new InvalidInputError(
      `"${url.slice(0, 200)}" is not a git URL. Write it as https://host/owner/repository.git.`,
      { cause },
    );
  }
  const path = parsed.pathname.replace(/\/+$/, '').replace(/\.git$/i, '');
  return `${parsed.host.replace(/^www\./, '')}${path}`.toLowerCase();
}
