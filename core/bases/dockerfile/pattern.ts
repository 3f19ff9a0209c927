import type { Effort } from './effort.ts';

/** A shell pattern, as in `${name#pattern}`: characters, `?` for any one character, and `*` for any number of them. */
export type Pattern = readonly Token[];
type Token = { kind: 'character'; character: string } | { kind: 'one' } | { kind: 'any' };

/** An invalid pattern: a backslash before a character that needs none. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** @throws PatternError */
export function readPattern(text: string): Pattern {
  const tokens: Token[] = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at += 1) {
    let character = characters[at] ?? '';
    if (character === '*') tokens.push({ kind: 'any' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else {
      if (character === '\\') {
        at += 1;
        character = characters[at] ?? '';
        if (!['*', '?', '\\', '}', '/'].includes(character)) throw new PatternError(`\\${character}`);
      }
      tokens.push({ kind: 'character', character });
    }
  }
  return tokens;
}

/** Removes a match from the beginning of a value. */
export function withoutPrefix(value: string, pattern: Pattern, isLongest: boolean, effort: Effort): string {
  const characters = Array.from(value);
  const end = matchEnd(pattern, characters, 0, isLongest, effort);
  return end === undefined ? value : characters.slice(end).join('');
}

/** A text's characters in reverse order. An escaped character stays after its backslash. */
export function reversed(text: string): string {
  return (text.match(/\\.|./gsu) ?? []).reverse().join('');
}

/** Replaces the first match. */
export function replaceFirst(value: string, pattern: Pattern, replacement: string, effort: Effort): string {
  const characters = Array.from(value);
  const match = firstMatch(pattern, characters, 0, effort);
  if (match === undefined) return value;
  return characters.slice(0, match.start).join('') + replacement + characters.slice(match.end).join('');
}

/**
 * Replaces every match. BuildKit leaves that to Go, which reads the replacement as a template and ignores an empty match right after
 * another match: https://pkg.go.dev/regexp#Regexp.ReplaceAllString
 */
export function replaceAll(value: string, pattern: Pattern, replacement: string, effort: Effort): string {
  const characters = Array.from(value);
  let result = '';
  let copied = 0;
  let from = 0;
  for (
    let match = firstMatch(pattern, characters, 0, effort);
    match;
    match = firstMatch(pattern, characters, from, effort)
  ) {
    const { start, end } = match;
    result += characters.slice(copied, start).join('');
    if (end > copied || start === 0) {
      const whole = characters.slice(start, end).join('');
      result += replacement.replace(
        /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu,
        (_, dollar?: string, bare?: string, braced?: string) => dollar ?? ((bare ?? braced) === '0' ? whole : ''),
      );
      effort.spend(whole.length + replacement.length);
    }
    copied = end;
    from = Math.max(end, from + 1);
  }
  return result + characters.slice(copied).join('');
}

function firstMatch(
  pattern: Pattern,
  characters: readonly string[],
  from: number,
  effort: Effort,
): { start: number; end: number } | undefined {
  for (let start = from; start <= characters.length; start += 1) {
    const end = matchEnd(pattern, characters, start, true, effort);
    if (end !== undefined) return { start, end };
  }
  return undefined;
}

/** The end of the shortest or longest match that begins at `start`. It follows all ways to match in parallel and never backtracks. */
function matchEnd(
  pattern: Pattern,
  characters: readonly string[],
  start: number,
  isLongest: boolean,
  effort: Effort,
): number | undefined {
  let found: number | undefined;
  // For each way to match that is still open: how many tokens of the pattern have matched.
  let open = withSkippedStars(new Set([0]), pattern);
  for (let at = start; open.size > 0; at += 1) {
    effort.spend(open.size);
    if (open.has(pattern.length)) {
      found = at;
      if (!isLongest) return found;
    }
    if (at >= characters.length) break;
    const next = new Set<number>();
    for (const matched of open) {
      const token = pattern[matched];
      if (token?.kind === 'any') next.add(matched);
      else if (token?.kind === 'one' || (token?.kind === 'character' && token.character === characters[at])) {
        next.add(matched + 1);
      }
    }
    open = withSkippedStars(next, pattern);
  }
  return found;
}

/** A star may match nothing. */
function withSkippedStars(open: Set<number>, pattern: Pattern): Set<number> {
  for (const matched of open) if (pattern[matched]?.kind === 'any') open.add(matched + 1);
  return open;
}
