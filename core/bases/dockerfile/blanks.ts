/**
 * The blanks of BuildKit: https://pkg.go.dev/unicode#IsSpace. JavaScript's `trim` and `\s` differ in U+0085 and U+FEFF.
 */
const blanks = new Set('\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000');

export function isBlank(character: string): boolean {
  return blanks.has(character) || (character >= '\u2000' && character <= '\u200a');
}

export function trimStart(text: string): string {
  let from = 0;
  while (from < text.length && isBlank(text.charAt(from))) from += 1;
  return text.slice(from);
}

export function trim(text: string): string {
  let to = text.length;
  while (to > 0 && isBlank(text.charAt(to - 1))) to -= 1;
  return trimStart(text.slice(0, to));
}
