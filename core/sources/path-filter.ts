/**
 * Whether any of the files is one that the globs name. They are read in their order, as `paths` of a GitHub workflow: a later one
 * overrules those before it, and one that begins with `!` takes out. Globs begin at the repository's root; one that names a folder
 * names what is in it. `*` and `?` stay within a folder, `**` does not.
 */
export function touches(globs: readonly string[], files: readonly string[]): boolean {
  const rules = globs.map((glob) => {
    const isNegative = glob.startsWith('!');
    return { includes: !isNegative, tokens: tokensOf(isNegative ? glob.slice(1) : glob) };
  });
  // Only exceptions: everything else counts.
  const otherwise = rules.every(({ includes }) => !includes);
  return files.some((file) => rules.findLast(({ tokens }) => names(tokens, file))?.includes ?? otherwise);
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
 * Goes through the path once with all places in the glob that may have been reached. A glob is a stranger's, and as a regular
 * expression `*a*a*a*a*a*b` would keep the planner busy for ever.
 */
function names(tokens: readonly Token[], path: string): boolean {
  let places = new Set<number>();
  reach(tokens, places, 0);
  for (const character of path) {
    // What is left of the path lies in a folder that the glob names.
    if (character === '/' && places.has(tokens.length)) return true;
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token?.kind === 'character' && token.is(character)) reach(tokens, next, place + 1);
      if (token?.kind === 'all' || (token?.kind === 'some' && character !== '/')) reach(tokens, next, place);
      if (token?.kind === 'folders') {
        // Within a folder's name there is no going on.
        next.add(place);
        if (character === '/') reach(tokens, next, place + 1);
      }
    }
    places = next;
  }
  return places.has(tokens.length);
}

/** Adds a place, and those after it that can be reached without a character. */
function reach(tokens: readonly Token[], places: Set<number>, place: number): void {
  for (let at = place; ; at++) {
    places.add(at);
    const kind = tokens[at]?.kind;
    if (kind === undefined || kind === 'character') return;
  }
}
