/**
 * How long to leave alone what has failed so often: twice as long each time, and up to half of it less by chance, so that what failed
 * together is not tried again together.
 * @param random from 0 to below 1
 */
export function pauseAfter(
  failures: number,
  { first, longest }: { first: number; longest: number },
  random: number,
): number {
  return Math.min(first * 2 ** (failures - 1), longest) * (1 - random / 2);
}
