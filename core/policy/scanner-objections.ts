import type { Policy, Response } from '../model/policy.ts';
import {
  findingsInWords,
  type ScannerName,
  type ScannerReport,
  type ScannerReports,
  scannerNames,
} from '../scanners/report.ts';
import { type Objection, scannerFindingInWords, scannerWeights, scannerWithoutWord, unlisted } from './objections.ts';
import type { Objections, Weigh } from './verdict.ts';

/** Of findings that only warn, so many of each scanner are told one by one. */
const mostWarnings = 5;

/**
 * What the policy makes of the builder's scanners. Each finding counts as the policy says for its scanner, but for a lint of level `info`,
 * which is advice and warns at most. One that could not look counts as its findings would: under `block` it blocks.
 */
export function objectionsOfScanners(
  scanners: ScannerReports | 'missing' | 'unreadable',
  policy: Policy,
  weigh: Weigh,
  objections: Objections,
): void {
  const reports = typeof scanners === 'string' ? [] : scanners.reports;
  for (const name of scannerNames) {
    const response = policy.scanners[name];
    if (response === 'ignore') continue;
    const own = reports.filter(({ scanner }) => scanner === name);
    if (own.length === 0)
      unheard(name, scanners === 'unreadable' ? 'unreadable' : 'missing', undefined, response, objections);
    for (const report of own) {
      if (report.state === 'failed' || report.state === 'timed-out') {
        unheard(name, report.state, report.reason, response, objections);
      }
      weighFindings(report, response, weigh, objections);
    }
  }
}

function unheard(
  name: ScannerName,
  state: 'failed' | 'timed-out' | 'missing' | 'unreadable',
  reason: string | undefined,
  response: Exclude<Response, 'ignore'>,
  { blocking, warnings }: Objections,
): void {
  const isBlocking = response === 'block';
  (isBlocking ? blocking : warnings).push(scannerWithoutWord(name, state, reason, isBlocking));
}

function weighFindings(
  report: ScannerReport,
  response: Exclude<Response, 'ignore'>,
  weigh: Weigh,
  { blocking, warnings }: Objections,
): void {
  const { scanner, total, findings } = report;
  let told = 0;
  let untold = 0;
  const advice = adviceOf(report);
  const packages = packagesOf(report);
  for (const [at, words] of findingsInWords(report).entries()) {
    weigh({ ids: [words.id], package: packages[at]?.name, installed: packages[at]?.installed }, (ended) => {
      const isBlocking = response === 'block' && !advice.has(at);
      if (!isBlocking && told === mostWarnings) untold += 1;
      else {
        if (!isBlocking) told += 1;
        const objection: Objection = {
          kind: scanner,
          weight: scannerWeights[scanner],
          id: words.id,
          exceptable: { id: words.id },
          sentence: () => scannerFindingInWords(scanner, words, ended, isBlocking),
        };
        (isBlocking ? blocking : warnings).push(objection);
      }
    });
  }
  // What is not listed cannot have been accepted.
  const hidden = Math.max(0, total - findings.length);
  if (response === 'block' && hidden > 0) blocking.push(unlisted(scanner, hidden, true));
  const rest = untold + (response === 'block' ? 0 : hidden);
  if (rest > 0) warnings.push(unlisted(scanner, rest, false));
}

/** Which of the findings are advice only. */
function adviceOf(report: ScannerReport): ReadonlySet<number> {
  if (report.scanner !== 'dockerfile-lint') return new Set();
  return new Set(report.findings.flatMap(({ level }, at) => (level === 'info' ? [at] : [])));
}

/** Of what package each finding is, where it is of one. */
export function packagesOf(report: ScannerReport): { name?: string | undefined; installed?: string | undefined }[] {
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
