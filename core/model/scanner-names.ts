/** The builder's scanners. They are apart from the schemas of their reports, which take a while to load. */
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
  /** The scan is complete; where the report lists only a part of the findings, `total` counts all. */
  'complete',
  /** There is nothing to scan: no package manager, no label, no test. */
  'not-applicable',
  /** It could not scan, or its input makes no sense. */
  'failed',
  'timed-out',
] as const;
