/**
 * Whether the globs match any of the files. They work like `paths` of a GitHub workflow: a later glob overrides those before it, and a
 * glob that begins with `!` excludes. Globs begin at the repository's root, and a glob of a folder matches everything in it. `*` and `?`
 * do not match a slash, `**` does.
 */
export function touches(globs: readonly string[], files: readonly string[]): boolean {
  const rules = globs.map((glob) => {
    const isNegative = glob.startsWith('!');
    return { includes: !isNegative, tokens: tokensOf(isNegative ? glob.slice(1) : glob) };
  });
  // Where all globs exclude, every other file is included.
  const otherwise = rules.every(({ includes }) => !includes);
  return files.some((file) => rules.findLast(({ tokens }) => matches(tokens, file))?.includes ?? otherwise);
}

type Token =
  | { kind: 'character'; is: (character: string) => boolean }
  /** Any characters of one folder's or file's name. */
  | { kind: 'some' }
  /** Any characters, slashes too. */
  | { kind: 'all' }
  /** Any number of whole folders. */
  | { kind: 'folders' };

function tokensOf(glob: string): Token[] {
  const text = glob.replace(/^\.?\/+/, '').replace(/\/+$/, '') || '**';
  return [...text.matchAll(/(?<=^|\/)\*\*\/|\*\*+|\*|\?|\[!?[^\]/]+\]|\\.|./gsu)].map(([part]): Token => {
    if (part === '**/') return { kind: 'folders' };
    if (part === '*') return { kind: 'some' };
    if (part.startsWith('**')) return { kind: 'all' };
    if (part === '?') return { kind: 'character', is: (character) => character !== '/' };
    if (part.startsWith('[') && part.length > 1) return { kind: 'character', is: oneOf(part.slice(1, -1)) };
    const literal = part.startsWith('\\') && part.length > 1 ? part.slice(1) : part;
    return { kind: 'character', is: (character) => character === literal };
  });
}

function oneOf(set: string): (character: string) => boolean {
  const isNegative = set.startsWith('!');
  const members = [...(isNegative ? set.slice(1) : set).matchAll(/(.)-(.)|./gsu)];
  return (character) =>
    character !== '/' &&
    members.some(([single, from, to]) =>
      from === undefined || to === undefined ? character === single : from <= character && character <= to,
    ) !== isNegative;
}

/**
 * Reads the path once and keeps all positions in the glob that are possible so far. Untrusted users write globs, and as a regular
 * expression `*a*a*a*a*a*b` would keep the planner busy for ever.
 */
function matches(tokens: readonly Token[], path: string): boolean {
  let positions = new Set<number>();
  reach(tokens, positions, 0);
  for (const character of path) {
    // The glob matches a folder, and the rest of the path is in it.
    if (character === '/' && positions.has(tokens.length)) return true;
    const next = new Set<number>();
    for (const position of positions) {
      const token = tokens[position];
      if (token?.kind === 'character' && token.is(character)) reach(tokens, next, position + 1);
      if (token?.kind === 'all' || (token?.kind === 'some' && character !== '/')) reach(tokens, next, position);
      if (token?.kind === 'folders') {
        // The next token may only match at the start of a folder's or file's name.
        next.add(position);
        if (character === '/') reach(tokens, next, position + 1);
      }
    }
    positions = next;
  }
  return positions.has(tokens.length);
}

/** Adds a position, and the positions after it that need no character. */
function reach(tokens: readonly Token[], positions: Set<number>, position: number): void {
  for (let at = position; ; at++) {
    positions.add(at);
    const kind = tokens[at]?.kind;
    if (kind === undefined || kind === 'character') return;
  }
}
