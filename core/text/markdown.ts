/** Line ends, other controls, and the characters that turn the direction of a text. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu;

/**
 * A stranger's text in Markdown: as code, in which nothing is a mention, a link, an image or HTML. The fence is longer than any in the
 * text, so that the text cannot end it. https://spec.commonmark.org/0.31.2/#code-spans
 */
export function code(text: string, longest = 300): string {
  const line = text.replace(unprintable, ' ').trim();
  const shown = line.length > longest ? `${line.slice(0, longest).replace(/[\ud800-\udbff]$/, '')}…` : line;
  if (shown === '') return '`(empty)`';
  const longestRun = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longestRun + 1);
  const pad = /^`|`$/.test(shown) ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A link of ours to a page whose path has strangers' words in it. */
export function link(text: string, base: string, path: string, fragment = ''): string {
  const encoded = path.split('/').map(encodeWhole).join('/');
  return `[${code(text)}](${base}/${encoded}${fragment})`;
}

/** Brackets too, which would end the link. */
function encodeWhole(part: string): string {
  const whole = part.toWellFormed();
  return encodeURIComponent(whole).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

/** The first lines of a list, and how many there are beyond them. */
export function shortened(lines: string[], most: number): string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `- … and ${lines.length - most} more`];
}
