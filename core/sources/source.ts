import { InvalidInputError } from '../model/errors.ts';

/**
 * The one name of a git repository, whatever form its URL has: `host/owner/repository` in lower case, without scheme, credentials,
 * `www.`, `.git` or a trailing slash. The index and a push event name the same repository differently; they meet in this form.
 * @throws InvalidInputError if the text is no URL
 */
export function sourceOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new InvalidInputError(
      `"${url.slice(0, 200)}" is no git URL. Write it as https://host/owner/repository.git.`,
      { cause },
    );
  }
  const path = parsed.pathname.replace(/\/+$/, '').replace(/\.git$/i, '');
  return `${parsed.host.replace(/^www\./, '')}${path}`.toLowerCase();
}
