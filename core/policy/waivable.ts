import type { Purl } from '../model/purl.ts';

/** A finding as waivers name it: by any of its ids, and by its package where it has one. */
export interface Waivable {
  ids: readonly string[];
  package?: string | undefined;
  installed?: string | undefined;
  /** The package with its type and its distribution, where the scanner says them. */
  purl?: Purl | undefined;
}
