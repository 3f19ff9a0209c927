import type { Purl } from '../model/purl.ts';

/** What waivers name a finding by: any of its ids, and its package where it has one. */
export interface Waivable {
  ids: readonly string[];
  package?: string | undefined;
  installed?: string | undefined;
  /** The package with its type and distribution, where the scanner gives them. */
  purl?: Purl | undefined;
}
