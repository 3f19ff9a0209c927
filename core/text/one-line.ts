/**
 * Control characters and line breaks, which would end a mail header or a log line, and invisible characters, with which a ref's name looks
 * like another one.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** A value from outside as one line of visible text, of at most `limit` characters. */
export function oneLine(value: string, limit = 200): string {
  const characters = [
    ...value
      .slice(0, limit * 8)
      .replace(unprintable, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  ];
  return characters.length <= limit ? characters.join('') : `${characters.slice(0, limit - 1).join('')}…`;
}

/** The same for sentences: one that is too long ends after a whole word. */
export function shortened(text: string, limit: number): string {
  const line = oneLine(text, limit);
  return line.endsWith('…') ? line.replace(/\s+\S*…$/, ' …') : line;
}

/** An address that a page or a mail may link to: http or https, and without credentials; undefined for anything else. */
export function webLink(address: string): string | undefined {
  const url = URL.parse(address);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  url.username = '';
  url.password = '';
  return url.href;
}
