import {
  mostFindings,
  type ScannerName,
  type ScannerReport,
  type ScannerReports,
  scannerNames,
  scannerReportSchema,
} from '../core/scanners/report.ts';
import { shownText } from '../core/text/safe-line.ts';
import type { EngineCall } from './engines/engine.ts';
import type { BuildLog } from './log.ts';
import { capabilities } from './scanners/capabilities.ts';
import { dockerfileLint } from './scanners/dockerfile-lint.ts';
import { fileIntegrity } from './scanners/file-integrity.ts';
import { languageUpdates } from './scanners/language-updates.ts';
import { packageUpdates } from './scanners/package-updates.ts';
import { sbom } from './scanners/sbom.ts';
import type { Scanner, ScanSubject } from './scanners/scanner.ts';
import { userTest } from './scanners/user-test.ts';

const scanners: { [Name in ScannerName]: Scanner<Name> } = {
  'package-updates': packageUpdates,
  'language-updates': languageUpdates,
  capabilities,
  'file-integrity': fileIntegrity,
  'dockerfile-lint': dockerfileLint,
  'user-test': userTest,
  sbom,
};

const longestReason = 500;
/** A scanner's usual time limit, in milliseconds. */
export const scannerTimeout = 120_000;

interface ScanCall {
  call: Omit<EngineCall, 'log'>;
  log: BuildLog;
  timeout?: number;
}

/** Scans an image with every scanner, side by side. One that fails says so in its report; it fails no build. */
export async function scanImage(
  subject: ScanSubject,
  { call, log, timeout = scannerTimeout }: ScanCall,
): Promise<ScannerReports> {
  const reports = await Promise.all(
    scannerNames.map(async (name) => {
      const report = await runScanner(name, subject, { call, log, timeout });
      log.line(inOneLine(report));
      return report;
    }),
  );
  return { version: 1, reports };
}

async function runScanner(
  name: ScannerName,
  subject: ScanSubject,
  { call, log, timeout }: Required<ScanCall>,
): Promise<ScannerReport> {
  const began = performance.now();
  // A project's own test takes as long as the project says, and what it runs in must be made.
  const time =
    typeof subject.test === 'object' && name === 'user-test' ? 1000 * subject.test.seconds + timeout : timeout;
  const timeLimit = AbortSignal.timeout(time);
  const signal = AbortSignal.any([call.signal, timeLimit]);
  const report = (fields: object) => ({
    scanner: name,
    total: 0,
    findings: [],
    seconds: (performance.now() - began) / 1000,
    ...fields,
  });
  const failed = (reason: string) =>
    scannerReportSchema.parse(report({ state: 'failed', reason: shownText(reason, longestReason) }));
  try {
    const found = await scanners[name](subject, { ...call, signal }, log);
    const { findings, total = findings.length } = found;
    const fit = scannerReportSchema.safeParse(report({ ...found, findings: findings.slice(0, mostFindings), total }));
    if (fit.success) return fit.data;
    const [issue] = fit.error.issues;
    return failed(`What it found cannot be stored (${issue?.path.join('.')}): ${issue?.message}`);
  } catch (error) {
    call.signal.throwIfAborted();
    // What began before the scan has a time limit of its own.
    const isLate = timeLimit.aborted || (error instanceof Error && error.name === 'TimeoutError');
    if (!isLate) return failed(error instanceof Error ? error.message : String(error));
    const reason = `It did not end within ${Math.round(time / 1000)} seconds.`;
    return scannerReportSchema.parse(report({ state: 'timed-out', reason }));
  }
}

function inOneLine({ scanner, state, reason, total, seconds }: ScannerReport): string {
  const found =
    state === 'complete' ? (total === 1 ? '1 finding' : `${total} findings`) : `${state}${reason ? `: ${reason}` : ''}`;
  return `${scanner}: ${found} (${seconds.toFixed(1)} s)`;
}
