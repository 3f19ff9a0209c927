import type { BuildCost } from '../model/build-cost.ts';

type Sum = Omit<BuildCost, 'pricesOf'> & { project: string; builds: number };

/** What was spent on each project, the dearest first. */
export function sumByProject(parts: Iterable<Sum>): Sum[] {
  const sums = new Map<string, Sum>();
  for (const part of parts) {
    const sum = sums.get(part.project) ?? { ...part, ...sumOf([]), builds: 0 };
    sums.set(part.project, { project: part.project, ...sumOf([sum, part]), builds: sum.builds + part.builds });
  }
  return [...sums.values()].toSorted((one, other) => totalUsd(other) - totalUsd(one));
}

type Amounts = Omit<BuildCost, 'pricesOf'>;

export function sumOf(parts: readonly Amounts[]): Amounts {
  const sum = (amount: (part: Amounts) => number) =>
    // Millionths of a dollar, in which floating point would leave remainders.
    Math.round(1e6 * parts.reduce((total, part) => total + amount(part), 0)) / 1e6;
  return {
    machineUsd: sum(({ machineUsd }) => machineUsd),
    controlUsd: sum(({ controlUsd }) => controlUsd),
    storageUsdPerMonth: sum(({ storageUsdPerMonth }) => storageUsdPerMonth),
  };
}

/** Once, for the build itself. */
export function totalUsd({ machineUsd, controlUsd }: Pick<BuildCost, 'machineUsd' | 'controlUsd'>): number {
  return machineUsd + controlUsd;
}

/** `$0.0213`: a small amount with as many digits as say something. */
export function describeUsd(usd: number): string {
  return `$${usd >= 1 || usd === 0 ? usd.toFixed(2) : usd >= 0.0001 ? usd.toFixed(4) : usd.toPrecision(1)}`;
}
