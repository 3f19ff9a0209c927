/**
 * How long to leave alone what has failed so often: twice as long each time, and up to half of it less by chance, so that what failed
 * together is not tried again together.
 */
export function pauseAfter(
  failures: number,
  { first, longest }: { first: number; longest: number },
  random = Math.random(),
): number {
  return Math.min(first * 2 ** (failures - 1), longest) * (1 - random / 2);
}
