import { describe, expect, it } from 'vitest';
import { pullRequestCheck, pullRequestOfCheck } from '../../../core/git-host/check-actions.ts';
import { checkSummary, dockerfileAnnotations } from '../../../core/git-host/check-run.ts';
import type { ScannerReports } from '../../../core/scanners/report.ts';
import { buildOf } from '../../functions/services-setup.ts';

describe('a check run', () => {
  it('tells of a blocked build its counts and reasons, all of them as text', () => {
    const reasons = ['CVE-1 (HIGH) in `openssl`: @everyone <img>'];
    const counts = { HIGH: 1, LOW: 2 };
    const text = checkSummary(buildOf('b1', { status: 'blocked', verdict: { outcome: 'block', reasons, counts } }));
    expect(text).toContain('| blocked | 1 high, 2 low | 0 |');
    expect(text).toContain('- ``CVE-1 (HIGH) in `openssl`: @everyone <img>``');
  });

  it('tells of a failed build why', () => {
    const text = checkSummary(
      buildOf('b1', { status: 'failed', failure: { error: 'X', message: 'RUN make failed.' } }),
    );
    expect(text).toContain('- `RUN make failed.`');
    expect(text).not.toContain('| Verdict |');
  });

  it('has what the check of the Dockerfile found at its lines', () => {
    const lint = { rule: 'DL3006', level: 'warning', line: 3, message: 'pin it' } as const;
    const report = { scanner: 'dockerfile-lint', state: 'complete', findings: [lint], total: 1, seconds: 1 } as const;
    const reports = { version: 1, reports: [report] } as unknown as ScannerReports;
    expect(dockerfileAnnotations('images/Dockerfile', reports)).toEqual([
      {
        path: 'images/Dockerfile',
        start_line: 3,
        end_line: 3,
        annotation_level: 'warning',
        title: 'DL3006',
        message: 'pin it',
      },
    ]);
    expect(dockerfileAnnotations('Dockerfile', undefined)).toEqual([]);
  });

  it.each([
    [pullRequestCheck(7), 7],
    ['0123456789abcdef', undefined],
    ['pull-request 0', undefined],
    ['pull-request 7 ', undefined],
    ['', undefined],
  ])('of %j is one of the pull request %s', (id, number) => {
    expect(pullRequestOfCheck(id)).toBe(number);
  });
});
