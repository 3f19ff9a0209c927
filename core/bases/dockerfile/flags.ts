const blanks = '\t\n\v\f\r \u0085\u00a0';

/**
 * Splits the `--name=value` flags from the beginning of an instruction's arguments.
 * https://github.com/moby/buildkit/blob/v0.34.2/frontend/dockerfile/parser/split_command.go (`extractBuilderFlags`)
 */
export function splitFlags(text: string, escapeCharacter: string): { flags: string[]; rest: string } {
  if (!/^[\t\n\v\f\r ]*--/.test(text)) return { flags: [], rest: text };
  // BuildKit reads each byte as a character here, so that a byte of a multi-byte letter may count as a blank.
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const flags: string[] = [];
  const isBlankAt = (at: number) => blanks.includes(bytes.charAt(at));
  const after = (at: number) => ({ flags, rest: Buffer.from(bytes.slice(at), 'latin1').toString('utf8') });
  let at = 0;
  while (at < bytes.length) {
    while (at < bytes.length && isBlankAt(at)) at += 1;
    if (!bytes.startsWith('--', at)) return after(at);
    let word = '';
    let quote = '';
    for (; at < bytes.length && (quote !== '' || !isBlankAt(at)); at += 1) {
      const character = bytes.charAt(at);
      if (character === quote) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      else if (character !== escapeCharacter) word += character;
      else if (at + 1 < bytes.length) {
        at += 1;
        word += bytes.charAt(at);
      }
    }
    if (word === '--') return after(at);
    flags.push(word);
  }
  return { flags, rest: '' };
}
