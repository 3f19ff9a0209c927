/**
 * Tests whole texts against a pattern in which `*` matches any characters and `?` exactly one. No regular expression, because
 * one with many stars can run for ever, and patterns come from callers too.
 */
export function wildcard(pattern: string, { ignoreCase = false } = {}): (text: string) => boolean {
  if (!ignoreCase) return (text) => matches(pattern, text);
  const lower = pattern.toLowerCase();
  return (text) => matches(lower, text.toLowerCase());
}

function matches(pattern: string, text: string): boolean {
  let [at, position] = [0, 0];
  // Where the last star is, and up to where it reaches; only that one may have to reach further.
  let [star, reach] = [-1, 0];
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      reach = position;
    } else if (pattern[at] === '?' || pattern[at] === text[position]) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++reach;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
