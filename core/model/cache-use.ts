import * as z from 'zod';

const mostSteps = 100_000;

/** Of the steps of a Dockerfile that make files, how many an engine ran again and how many came from its cache. */
export const cacheUseSchema = z
  .object({ cached: z.int().nonnegative(), total: z.int().positive().max(mostSteps) })
  .refine(({ cached, total }) => cached <= total, 'More steps came from the cache than there are.');

export type CacheUse = z.infer<typeof cacheUseSchema>;

/** `7 of 9 steps from the cache` */
export function describeCacheUse({ cached, total }: CacheUse): string {
  return `${cached} of ${total} ${total === 1 ? 'step' : 'steps'} from the cache`;
}

/** Of builds for several platforms, which share no step; undefined where it is not known of each. */
export function sumCacheUse(uses: readonly (CacheUse | undefined)[]): CacheUse | undefined {
  return uses.reduce((sum, use) => sum && use && { cached: sum.cached + use.cached, total: sum.total + use.total });
}
