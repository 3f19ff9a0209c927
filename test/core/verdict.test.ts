import { describe, expect, it } from 'vitest';
import type { Finding, Scan } from '../../core/findings.ts';
import { usualPolicy } from '../../core/policy.ts';
import { judge } from '../../core/verdict.ts';

const finding = (severity: Finding['severity'], over: Partial<Finding> = {}): Finding => ({
  id: 'CVE-2026-0001',
  severity,
  package: 'openssl',
  installed: '3.0.1-1',
  ...over,
});
const complete = (...findings: Finding[]): Scan => ({ state: 'complete', findings });
const policy = { ...usualPolicy, maxSeverity: 'MEDIUM' as const };

describe('the verdict', () => {
  it('passes an image without findings', () => {
    expect(judge(complete(), policy)).toEqual({ outcome: 'pass', reasons: [], counts: {} });
  });

  it.each([
    ['CRITICAL', 'block'],
    ['HIGH', 'block'],
    ['MEDIUM', 'pass'],
    ['UNDEFINED', 'pass'],
    ['LOW', 'pass'],
    ['INFORMATIONAL', 'pass'],
  ] as const)('where MEDIUM is allowed, %s means %s', (severity, outcome) => {
    expect(judge(complete(finding(severity)), policy).outcome).toBe(outcome);
  });

  it('does not wave a finding through because nobody rated it', () => {
    expect(judge(complete(finding('UNDEFINED')), { ...usualPolicy, maxSeverity: 'LOW' as const }).outcome).toBe(
      'block',
    );
  });

  it('says the finding, the package, the version and the way out, the worst first', () => {
    const verdict = judge(
      complete(finding('HIGH', { id: 'CVE-1' }), finding('CRITICAL', { id: 'CVE-2', fixed: '3.0.2' })),
      policy,
    );
    expect(verdict.reasons[0]).toBe(
      'CVE-2 (CRITICAL) in openssl 3.0.1-1: the policy allows MEDIUM at most; update it to 3.0.2.',
    );
    expect(verdict.reasons[1]).toMatch(/^CVE-1 \(HIGH\).*no fixed version is known yet/);
    expect(verdict.counts).toEqual({ HIGH: 1, CRITICAL: 1 });
  });

  const exception = { id: 'CVE-2026-0001', reason: 'not reachable', owner: 'a@example.org', expires: '2026-11-21' };
  it.each([
    ['on its last day', '2026-11-21T23:59:00Z', 'pass'],
    ['the day after', '2026-11-22T00:00:00Z', 'block'],
  ] as const)('an exception of the entry counts %s: %s', (_when, now, outcome) => {
    const own = { exceptions: [exception] };
    expect(judge(complete(finding('CRITICAL')), policy, own, new Date(now)).outcome).toBe(outcome);
  });

  it('says that an exception has ended, and accepts nothing but the finding that it names', () => {
    const now = new Date('2026-12-01T00:00:00Z');
    const verdict = judge(complete(finding('HIGH')), policy, { exceptions: [exception] }, now);
    expect(verdict.reasons[0]).toContain('its exception ended on 2026-11-21');
    const other = judge(complete(finding('HIGH', { id: 'CVE-2026-0002' })), policy, { exceptions: [exception] });
    expect(other.outcome).toBe('block');
  });

  it("an entry's own limit stands before the common one, in both directions", () => {
    expect(judge(complete(finding('HIGH')), policy, { policy: { maxSeverity: 'HIGH' } }).outcome).toBe('pass');
    expect(judge(complete(finding('MEDIUM')), policy, { policy: { maxSeverity: 'LOW' } }).outcome).toBe('block');
  });

  it('keeps ten thousand findings to a readable number of reasons', () => {
    const verdict = judge(complete(...Array.from({ length: 10_000 }, () => finding('HIGH'))), policy);
    expect(verdict.reasons).toHaveLength(51);
    expect(verdict.reasons.at(-1)).toMatch(/^9950 more/);
  });

  it.each(['failed', 'unsupported', 'timed-out'] as const)('blocks a scan that is %s, with the reason', (state) => {
    const verdict = judge({ state, reason: 'the disk was full', findings: [] }, policy);
    expect(verdict.outcome).toBe('block');
    expect(verdict.reasons).toEqual([expect.stringContaining('the disk was full')]);
  });
});
