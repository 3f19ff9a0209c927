import type { Platform } from '../model/platform.ts';

/**
 * What an entry is built for, the pipeline's own platform first; undefined where that is the only one: then a build needs one machine,
 * and its image no index.
 */
export function platformsToBuild(wanted: readonly Platform[] | undefined, own: Platform): Platform[] | undefined {
  const others = (wanted ?? []).filter((platform) => platform !== own);
  if (others.length === 0) return undefined;
  return wanted?.includes(own) ? [own, ...others] : others;
}
