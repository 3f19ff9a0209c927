import type { Platform } from '../model/platform.ts';
import { scannerNames } from '../model/scanner-names.ts';
import { shownText } from '../text/safe-line.ts';
import { mostFindings, type ScannerReport, type ScannerReports, scannerReportSchema } from './report.ts';

interface PlatformReports {
  platform: Platform;
  reports: ScannerReports;
}

const longestReason = 500;

/**
 * What the scanners found in the images of several platforms: what any of them has counts, and what several have counts once. A scanner
 * that could not scan one of them has not scanned the release.
 */
export function mergedReports(all: readonly PlatformReports[]): ScannerReports {
  const reports = scannerNames.flatMap((name) => {
    const own = all.map(({ platform, reports }) => ({
      platform,
      report: reports.reports.find(({ scanner }) => scanner === name),
    }));
    return own.some(({ report }) => report) ? [mergedReport(name, own)] : [];
  });
  return { version: 1, reports };
}

function mergedReport(
  scanner: ScannerReport['scanner'],
  all: readonly { platform: Platform; report: ScannerReport | undefined }[],
): ScannerReport {
  const absent = {
    state: 'failed' as const,
    reason: 'There is no report.',
    tool: undefined,
    findings: [],
    total: 0,
    seconds: 0,
  };
  const reports = all.map(({ platform, report = absent }) => ({ platform, report }));
  const [state] = reports.map(({ report }) => report.state).toSorted((one, other) => rank(other) - rank(one));
  const reasons = reports.flatMap(({ platform, report }) =>
    report.reason === undefined || report.state !== state ? [] : [{ platform, reason: report.reason }],
  );
  const findings = new Map(
    reports.flatMap(({ report }) => report.findings.map((finding) => [JSON.stringify(finding), finding])),
  );
  const leftOut = Math.max(...reports.map(({ report }) => report.total - report.findings.length));
  return scannerReportSchema.parse({
    scanner,
    state,
    reason: reasons.length === 0 ? undefined : shownText(reasonOf(reasons, reports.length), longestReason),
    tool: reports.find(({ report }) => report.tool)?.report.tool,
    findings: [...findings.values()].slice(0, mostFindings),
    total: findings.size + leftOut,
    seconds: Math.max(...reports.map(({ report }) => report.seconds)),
  });
}

function reasonOf(reasons: readonly { platform: Platform; reason: string }[], count: number): string {
  const distinct = new Set(reasons.map(({ reason }) => reason));
  const [only] = distinct;
  if (only !== undefined && distinct.size === 1 && reasons.length === count) return only;
  return reasons.map(({ platform, reason }) => `${platform}: ${reason}`).join(' ');
}

/** From what counts least to what counts most: a scanner that had nothing to scan on only one platform did scan the image. */
const states = ['not-applicable', 'complete', 'failed', 'timed-out'] as const satisfies ScannerReport['state'][];

const rank = (state: ScannerReport['state']): number => states.indexOf(state);
