/** The builder's scanners, for whoever needs no more of them: what their reports look like takes a while to load. */
export const scannerNames = [
  'package-updates',
  'language-updates',
  'capabilities',
  'file-integrity',
  'dockerfile-lint',
  'user-test',
  'sbom',
] as const;

export type ScannerName = (typeof scannerNames)[number];

export const scannerStates = [
  /** It has looked; what it found is all there is, but for `total`. */
  'complete',
  /** There is nothing to look at: no package manager, no label, no test. */
  'not-applicable',
  /** It could not look, or what it was told makes no sense. */
  'failed',
  'timed-out',
] as const;
