import {
  type ScannerName,
  type ScannerReport,
  type ScannerReports,
  scannerNames,
  scannerReportSchema,
} from '../core/scanner-report.ts';
import { shownText } from '../core/shown-text.ts';
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
/** How long a scanner may look, in milliseconds. */
const patience = 120_000;

interface ScanCall {
  call: Omit<EngineCall, 'log'>;
  log: BuildLog;
}

/** Looks at an image with every scanner, side by side. One that fails says so in its report; it fails no build. */
export async function scanImage(subject: ScanSubject, { call, log }: ScanCall): Promise<ScannerReports> {
  const reports = await Promise.all(scannerNames.map((name) => look(name, subject, { call, log })));
  for (const report of reports) log.line(inOneLine(report));
  return { version: 1, reports };
}

async function look(name: ScannerName, subject: ScanSubject, { call, log }: ScanCall): Promise<ScannerReport> {
  const began = performance.now();
  const timeLimit = AbortSignal.timeout(
    subject.test && name === 'user-test' ? 1000 * subject.test.seconds + patience : patience,
  );
  const signal = AbortSignal.any([call.signal, timeLimit]);
  const report = (fields: object) =>
    scannerReportSchema.parse({
      scanner: name,
      total: 0,
      findings: [],
      seconds: (performance.now() - began) / 1000,
      ...fields,
    });
  try {
    const found = await scanners[name](subject, { ...call, signal }, log);
    return report({ ...found, total: found.total ?? found.findings.length });
  } catch (error) {
    call.signal.throwIfAborted();
    if (timeLimit.aborted) return report({ state: 'timed-out', reason: 'It did not end in time.' });
    return report({
      state: 'failed',
      reason: shownText(error instanceof Error ? error.message : String(error), longestReason),
    });
  }
}

function inOneLine({ scanner, state, reason, total, seconds }: ScannerReport): string {
  const found =
    state === 'complete' ? (total === 1 ? '1 finding' : `${total} findings`) : `${state}${reason ? `: ${reason}` : ''}`;
  return `${scanner}: ${found} (${seconds.toFixed(1)} s)`;
}
