import type { Policy, Response } from '../model/policy.ts';
import type { FindingText } from '../scanners/finding-text.ts';
import {
  describeFindings,
  type ScannerName,
  type ScannerReport,
  type ScannerReports,
  scannerNames,
} from '../scanners/report.ts';
import {
  describeScannerFinding,
  type Objection,
  scannerWeights,
  scannerWithoutReport,
  unlisted,
} from './objections.ts';
import type { Waivable } from './waivable.ts';

/** The reports of the builder's scanners, or why there are none. */
export type ScannerEvidence = ScannerReports | 'missing' | 'unreadable';

/**
 * What the policy has against the reports of the builder's scanners. A finding counts as the policy says for its scanner, except a lint of
 * level `info`, which is advice and warns at most. A scanner that failed counts as a finding of it would: under `block` it blocks.
 */
export function objectionsToScanners(scanners: ScannerEvidence, policy: Policy): Objection[] {
  return scannerNames.flatMap((name) => {
    const response = policy.scanners[name];
    return response === 'ignore' ? [] : objectionsToScanner(name, scanners, response);
  });
}

function objectionsToScanner(name: ScannerName, scanners: ScannerEvidence, response: Response): Objection[] {
  if (typeof scanners === 'string') return [scannerWithoutReport(name, scanners, undefined, response)];
  const reports = scanners.reports.filter(({ scanner }) => scanner === name);
  if (reports.length === 0) return [scannerWithoutReport(name, 'missing', undefined, response)];
  return reports.flatMap((report) => objectionsToReport(report, response));
}

function objectionsToReport(report: ScannerReport, response: Response): Objection[] {
  const { scanner, state, reason, total, findings } = report;
  const hasFailed = state === 'failed' || state === 'timed-out';
  const advice = adviceOf(report);
  const unlistedCount = total - findings.length;
  return [
    ...(hasFailed ? [scannerWithoutReport(scanner, state, reason, response)] : []),
    ...waivableFindings(report).map(({ text, finding }, at): Objection => {
      const own = advice.has(at) ? 'warn' : response;
      return {
        response: own,
        kind: scanner,
        weight: scannerWeights[scanner],
        id: text.id,
        finding,
        exceptable: { id: text.id },
        sentence: (ended) => describeScannerFinding(scanner, text, ended, own === 'block'),
      };
    }),
    ...(unlistedCount > 0 ? [unlisted(scanner, unlistedCount, response)] : []),
  ];
}

/** The findings of a report as texts, each with what waivers name it by. */
export function waivableFindings(report: ScannerReport): { text: FindingText; finding: Waivable }[] {
  const packages = packagesOf(report);
  return describeFindings(report).map((text, at) => {
    const { name, installed } = packages[at] ?? {};
    return { text, finding: { ids: [text.id], package: name, installed } };
  });
}

/** The positions of the findings that are only advice. */
function adviceOf(report: ScannerReport): ReadonlySet<number> {
  if (report.scanner !== 'dockerfile-lint') return new Set();
  return new Set(report.findings.flatMap(({ level }, at) => (level === 'info' ? [at] : [])));
}

/** The package of each finding; empty where findings are not about packages. */
function packagesOf(report: ScannerReport): { name?: string | undefined; installed?: string | undefined }[] {
  switch (report.scanner) {
    case 'package-updates':
    case 'language-updates':
      return report.findings;
    case 'file-integrity':
      return report.findings.map((finding) => ({ name: finding.package }));
    default:
      return [];
  }
}
