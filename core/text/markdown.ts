/** Line breaks, other control characters, and the characters that change the direction of a text. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu;

/**
 * Untrusted text in Markdown, as code, in which nothing is a mention, a link, an image or HTML. The fence is longer than any run of
 * backticks in the text, so that the text cannot end the code. https://spec.commonmark.org/0.31.2/#code-spans
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

/** A link to one of our pages whose path contains untrusted text. */
export function link(text: string, base: string, path: string, fragment = ''): string {
  const encoded = path.split('/').map(encodeWhole).join('/');
  return `[${code(text)}](${base}/${encoded}${fragment})`;
}

/** Also encodes brackets, which would end the link. */
function encodeWhole(part: string): string {
  const whole = part.toWellFormed();
  return encodeURIComponent(whole).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

/** The first lines of a list, and a line with the number of the others. */
export function shortened(lines: string[], most: number): string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `- … and ${lines.length - most} more`];
}

/** Names on one line, and the number of those that do not fit. */
export function codes(names: readonly string[], most = 20): string {
  const shown = names.slice(0, most).map((name) => code(name));
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ');
}
