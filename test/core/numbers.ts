/** Always the same row of numbers, so that a failure comes again (MINSTD). */
export function numbers(seed: number): (limit: number) => number {
  let last = seed;
  return (limit) => {
    last = (last * 48_271) % 2_147_483_647;
    return limit === 0 ? 0 : last % limit;
  };
}
