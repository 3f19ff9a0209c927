import { expect, it } from 'vitest';
import { mergedReports } from '../../../core/scanners/merged-reports.ts';
import type { ScannerReport } from '../../../core/scanners/report.ts';

const update = (name: string) => ({ name, installed: '1', available: '2' });
const report = (over: object): ScannerReport =>
  ({ scanner: 'package-updates', state: 'complete', findings: [], total: 0, seconds: 1, ...over }) as ScannerReport;
const merged = (amd: ScannerReport | undefined, arm: ScannerReport | undefined) =>
  mergedReports(
    [amd, arm].map((own, at) => ({
      platform: at === 0 ? 'linux/amd64' : 'linux/arm64',
      reports: { version: 1, reports: own ? [own] : [] },
    })),
  ).reports[0];

it('what a scanner found on any platform counts, and once', () => {
  const amd = report({ findings: [update('zlib'), update('bash')], total: 7, seconds: 2 });
  expect(merged(amd, report({ findings: [update('zlib'), update('curl')], total: 2 }))).toMatchObject({
    state: 'complete',
    findings: [update('zlib'), update('bash'), update('curl')],
    // Five that one report left out.
    total: 8,
    seconds: 2,
  });
});

it.each<[string, ScannerReport | undefined, ScannerReport | undefined, object]>([
  ['had nothing to scan on one', report({ state: 'not-applicable' }), report({}), { state: 'complete' }],
  [
    'had nothing to scan',
    report({ state: 'not-applicable' }),
    report({ state: 'not-applicable' }),
    { state: 'not-applicable' },
  ],
  [
    'failed on one',
    report({}),
    report({ state: 'failed', reason: 'apt ended with 3.' }),
    { state: 'failed', reason: 'linux/arm64: apt ended with 3.' },
  ],
  [
    'failed on both',
    report({ state: 'failed', reason: 'No trivy.' }),
    report({ state: 'failed', reason: 'No trivy.' }),
    { state: 'failed', reason: 'No trivy.' },
  ],
  ['has no report of one', report({}), undefined, { state: 'failed', reason: 'linux/arm64: There is no report.' }],
])('a scanner that %s', (_, amd, arm, expected) => {
  expect(merged(amd, arm)).toMatchObject(expected);
});
