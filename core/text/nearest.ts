/** The known word that was probably meant, one slip in three characters at most; undefined if none is so near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.floor(word.length / 3) + 1;
  for (const each of known) {
    if (Math.abs(each.length - word.length) >= least) continue;
    const slips = slipsBetween(word, each);
    if (slips < least) [best, least] = [each, slips];
  }
  return best;
}

/**
 * How many characters have to be added, taken away, replaced or exchanged with their neighbour: the optimal string alignment distance,
 * https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance
 */
function slipsBetween(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      const isExchanged = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isExchanged ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[other.length] ?? 0;
}
