import type { Exception } from '../core/model/exception.ts';
import type { Finding } from '../core/model/findings.ts';
import { defaultPolicy } from '../core/model/policy.ts';
import type { Purl } from '../core/model/purl.ts';
import type { VexStatement } from '../core/model/vex.ts';
import { type Evidence, judge, type Rules } from '../core/policy/verdict.ts';
import { type ScannerReport, type ScannerReports, scannerNames } from '../core/scanners/report.ts';
import { atMost, type Row } from './report.ts';

const findings = 10_000;
const runs = 15;

/** A verdict over ten thousand vulnerabilities: with nothing accepted, and with as many exceptions or VEX statements. */
export async function run(): Promise<Row[]> {
  const vulnerabilities = Array.from({ length: findings }, (_, at): Finding => {
    const severity = (['HIGH', 'CRITICAL', 'LOW', 'MEDIUM', 'UNDEFINED'] as const)[at % 5] ?? 'HIGH';
    return {
      id: `CVE-2026-${at}`,
      severity,
      package: `package-${at % 900}`,
      installed: `1.${at}-1`,
      purl: purlOf(at, `1.${at}-1`),
      fixed: `1.${at}-2`,
    };
  });
  const exceptions = vulnerabilities.map(
    ({ id, package: name }, at): Exception => ({
      id,
      ...(at % 2 === 0 ? { package: name } : {}),
      reason: 'The code is not called.',
      owner: 'shop team',
      expires: at % 3 === 0 ? '2026-01-01' : '2999-01-01',
    }),
  );
  const vex = vulnerabilities.map(
    ({ id }, at): VexStatement => ({
      ids: [id, `GHSA-${at}`],
      status: at % 2 === 0 ? 'not_affected' : 'affected',
      packages: [purlOf(at)],
      author: 'Shop Security',
      expires: '2999-01-01',
      file: 'vex/openssl.json',
    }),
  );
  const plain: Evidence = { scan: { state: 'complete', findings: vulnerabilities }, scanners: reports() };
  const updates: Evidence = { scan: { state: 'complete', findings: [] }, scanners: reports(updatesOf(findings)) };
  const policy = { ...defaultPolicy, scanners: { ...defaultPolicy.scanners, 'package-updates': 'block' as const } };
  return [
    row('vulnerabilities', plain, { policy }),
    row('vulnerabilities, and as many exceptions', plain, { policy, exceptions }),
    row('vulnerabilities, and as many VEX statements', plain, { policy, vex }),
    row('updates of packages, and as many exceptions', updates, { policy, exceptions }),
  ];
}

function purlOf(at: number, version?: string): Purl {
  const qualifiers = version === undefined ? undefined : { arch: 'amd64', distro: 'debian-12' };
  return { type: 'deb', namespace: 'debian', name: `package-${at % 900}`, version, qualifiers };
}

function row(figure: string, evidence: Evidence, rules: Rules): Row {
  const now = new Date();
  const times = Array.from({ length: runs }, () => {
    const began = performance.now();
    judge(evidence, rules, now);
    return performance.now() - began;
  });
  // Other work on the machine makes the other measurements longer.
  const value = Math.min(...times);
  return {
    benchmark: 'verdict',
    figure: `${findings} ${figure}, fastest of ${runs}`,
    value,
    unit: 'ms',
    ...atMost(50, value),
  };
}

function updatesOf(count: number): ScannerReport {
  const updates = Array.from({ length: count }, (_, at) => ({ name: `p${at}`, installed: '1', available: '2' }));
  return { scanner: 'package-updates', state: 'complete', findings: updates, total: count, seconds: 1 };
}

function reports(given?: ScannerReport): ScannerReports {
  const clean = scannerNames.map(
    (scanner): ScannerReport => ({ scanner, state: 'complete', findings: [], total: 0, seconds: 1 }),
  );
  return { version: 1, reports: clean.map((report) => (given?.scanner === report.scanner ? given : report)) };
}
