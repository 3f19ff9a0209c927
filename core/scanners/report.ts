import * as z from 'zod';
import { type ScannerName, scannerNames, scannerStates } from '../model/scanner-names.ts';
import { shownSchema } from '../text/safe-line.ts';
import { capabilitySchema, describeCapability } from './capabilities/capabilities.ts';
import { describeLint, lintSchema } from './dockerfile-lint/dockerfile-lint.ts';
import { changedFileSchema, describeChangedFile } from './file-integrity/file-integrity.ts';
import type { FindingText } from './finding-text.ts';
import { describeLanguageUpdate, languageUpdateSchema } from './language-updates/language-updates.ts';
import { describePackageUpdate, packageUpdateSchema } from './package-updates/package-updates.ts';
import { describeFailedTest, failedTestSchema } from './user-test/user-test.ts';

export { type ScannerName, scannerNames };

/**
 * The reports of the builder's scanners about one candidate: the object `builds/<id>/scanners.json`. Each scanner scans the image or its
 * sources. The vulnerabilities from the registry's scanner are in `findings.ts`.
 */

/** An image made to have more is cut off here; `total` still counts all. */
export const mostFindings = 10_000;

const reportOf = <Name extends string, Finding extends z.ZodType>(scanner: Name, finding: Finding) =>
  z.object({
    scanner: z.literal(scanner),
    state: z.enum(scannerStates),
    /** Why it is not complete: one sentence. */
    reason: shownSchema(500).optional(),
    /** The tool that was used, with its version where known: `dnf 4.14.0`. */
    tool: shownSchema(200).optional(),
    findings: z.array(finding).max(mostFindings),
    /** How many findings there are, including those that are left out. */
    total: z.int().nonnegative(),
    seconds: z.number().nonnegative(),
  });

const reports = {
  'package-updates': reportOf('package-updates', packageUpdateSchema),
  'language-updates': reportOf('language-updates', languageUpdateSchema),
  capabilities: reportOf('capabilities', capabilitySchema),
  'file-integrity': reportOf('file-integrity', changedFileSchema),
  'dockerfile-lint': reportOf('dockerfile-lint', lintSchema),
  'user-test': reportOf('user-test', failedTestSchema),
  /** Has no findings: it says whether the SBOM could be generated. */
  sbom: reportOf('sbom', z.never()),
} as const satisfies Record<ScannerName, z.ZodType>;

export const scannerReportSchema = z.discriminatedUnion('scanner', [
  reports['package-updates'],
  reports['language-updates'],
  reports.capabilities,
  reports['file-integrity'],
  reports['dockerfile-lint'],
  reports['user-test'],
  reports.sbom,
]);

export const scannerReportsSchema = z.object({
  version: z.literal(1),
  /** At most one of each scanner. */
  reports: z.array(scannerReportSchema).max(scannerNames.length),
});

export type ScannerReport = z.infer<typeof scannerReportSchema>;
export type ReportOf<Name extends ScannerName> = z.infer<(typeof reports)[Name]>;
export type FindingOf<Name extends ScannerName> = ReportOf<Name>['findings'][number];
export type ScannerReports = z.infer<typeof scannerReportsSchema>;

/** The texts of a report's findings for people. */
export function describeFindings(report: ScannerReport): FindingText[] {
  switch (report.scanner) {
    case 'package-updates':
      return report.findings.map(describePackageUpdate);
    case 'language-updates':
      return report.findings.map(describeLanguageUpdate);
    case 'capabilities':
      return report.findings.map(describeCapability);
    case 'file-integrity':
      return report.findings.map(describeChangedFile);
    case 'dockerfile-lint':
      return report.findings.map(describeLint);
    case 'user-test':
      return report.findings.map(describeFailedTest);
    case 'sbom':
      return [];
  }
}
