import * as z from 'zod';

const usd = z.number().nonnegative();

/** What a build costs on AWS, in US dollars. On one machine it is what it would cost there. */
export const buildCostSchema = z.object({
  /** Of the machine that built it. */
  machineUsd: usd,
  /** Of all else that the pipeline did for it. */
  controlUsd: usd,
  /** Of its image in the registry, where no other image shares its layers. */
  storageUsdPerMonth: usd,
  /** The day of the prices. */
  pricesOf: z.string(),
});

export type BuildCost = z.infer<typeof buildCostSchema>;
