/**
 * The known word that was most likely meant: the one with the fewest differing letters, if these are few enough for a typing error. Case, and
 * `_` or blanks instead of `-`, do not count.
 */
export function suggestionFor(written: string, known: readonly string[]): string | undefined {
  if (written.length > longest) return undefined;
  const word = plain(written);
  let nearest: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = distanceOf(word, plain(candidate));
    if (distance <= slips(candidate) && distance < (nearest?.distance ?? Infinity)) {
      nearest = { word: candidate, distance };
    }
  }
  return nearest?.word;
}

const longest = 100;
const plain = (word: string) => word.toLowerCase().replaceAll(/[_\s]+/g, '-');
const slips = (word: string) => (word.length < 4 ? 1 : word.length < 9 ? 2 : 3);

/** How many letters must be added, removed, replaced or swapped with their neighbour. */
function distanceOf(one: string, other: string): number {
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      let least = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1));
      if (one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? Infinity) + 1);
      }
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return last[other.length] ?? 0;
}
