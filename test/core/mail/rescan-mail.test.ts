import { describe, expect, it } from 'vitest';
import { type ReleaseChanges, findingsMail as written } from '../../../core/mail/rescan-mail.ts';
import type { Finding } from '../../../core/model/findings.ts';
import type { FindingChanges } from '../../../core/releases/rescan-findings.ts';
import { asRead } from './as-read.ts';

const findingsMail = asRead(written);

const finding = (id: string, over: Partial<Finding> = {}): Finding => ({
  id,
  severity: 'HIGH',
  package: 'openssl',
  installed: '3.0.1',
  ...over,
});

function changesOf(changes: Partial<FindingChanges>, over: Partial<ReleaseChanges> = {}): ReleaseChanges {
  return {
    digest: `sha256:${'a'.repeat(64)}`,
    tags: ['latest'],
    releasedAt: '2026-11-01T10:00:00.000Z',
    changes: { appeared: [], gone: [], changed: [], ...changes },
    counts: { HIGH: 1 },
    verdict: { outcome: 'pass', reasons: [] },
    ...over,
  };
}

const mailOf = (...all: ReleaseChanges[]) =>
  findingsMail({
    project: 'demo/app:latest',
    releases: all,
    siteUrl: 'https://slipway.example.org',
    indexUrl: 'https://github.com/example/index',
  });
const words = (text: string) => text.replaceAll(/\s+/g, ' ');

describe('the mail about what is released', () => {
  it('says what is new, what the policy says, that nothing was un-released, and what to do', () => {
    const { subject, text, headers } = mailOf(
      changesOf(
        { appeared: [finding('CVE-2026-1', { severity: 'CRITICAL', fixed: '3.0.2' })] },
        { verdict: { outcome: 'block', reasons: ['CVE-2026-1 is too bad.'] } },
      ),
    );
    expect(subject).toBe('[slipway] FINDINGS: demo/app:latest (1 new: 1 critical)');
    expect(headers['X-Slipway-Status']).toBe('findings');
    const said = words(text);
    expect(said).toContain('New: CVE-2026-1 (CRITICAL) in openssl 3.0.1, fixed in 3.0.2');
    expect(said).toContain('Nothing was un-released: Slipway never removes an image or a tag on its own.');
    expect(said).toContain('The policy would block it today.');
    expect(said).toContain('Why the policy would block: - CVE-2026-1 is too bad.');
    expect(said).toContain('latest: 1 high; released 2026-11-01 10:00:00 UTC');
    expect(said).toContain('slipway build demo/app:latest');
    expect(said).toContain('https://slipway.example.org/projects/demo/app/latest/releases');
  });

  it.each<[string, ReleaseChanges, RegExp]>([
    [
      'on one of several platforms',
      changesOf({ appeared: [finding('A', { platforms: ['linux/arm64'], fixed: '3.0.2' })] }),
      /New: A \(HIGH\) in openssl 3\.0\.1 on linux\/arm64, fixed in 3\.0\.2/,
    ],
    ['without a fix', changesOf({ appeared: [finding('A')] }), /No fixed version of these packages is known yet/],
    [
      'with a fix that is there now',
      changesOf({ changed: [{ now: finding('A', { fixed: '9' }), before: finding('A') }] }),
      /There are fixed versions/,
    ],
    ['that is gone', changesOf({ gone: [finding('A')] }), /You need not do anything/],
    [
      'of an image that is not there any more',
      changesOf({ state: { now: 'gone', before: 'complete' } }, { verdict: undefined }),
      /To get the image back, build it again/,
    ],
    [
      'of an image that cannot be scanned',
      changesOf({ state: { now: 'failed', before: 'complete' } }, { reason: 'FINDINGS_UNAVAILABLE' }),
      /could not be scanned: FINDINGS_UNAVAILABLE .*Without a scan, it is not known/,
    ],
  ])('says what to do about a finding %s', (_what, each, expected) => {
    expect(words(mailOf(each).text)).toMatch(expected);
  });

  it('of thousands of findings has the worst twenty, and says how many more there are', () => {
    const appeared = Array.from({ length: 5000 }, (_, at) =>
      finding(`CVE-${at}`, { severity: at === 4999 ? 'CRITICAL' : 'LOW' }),
    );
    const { subject, text, html } = mailOf(changesOf({ appeared }));
    expect(subject).toContain('5000 new: 1 critical, 4999 low');
    expect(text.indexOf('CVE-4999')).toBeLessThan(text.indexOf('CVE-0 '));
    expect(text).toContain('and 4980 more');
    expect(html.length).toBeLessThan(40_000);
  });

  it('of several images says of which each finding is', () => {
    const { text } = mailOf(
      changesOf({ appeared: [finding('A')] }, { tags: ['1.0'] }),
      changesOf({ appeared: [finding('A')] }, { tags: ['2.0', 'latest'] }),
    );
    expect(words(text)).toMatch(/\[1\.0\].*\[2\.0, latest\]/);
  });

  it('lets no stranger write a header, a line of their own or markup', () => {
    const bad = '</li><script>alert(1)</script>\r\nBcc: a@example.org\u202e\u001b[31m';
    const everything = changesOf(
      {
        appeared: [finding(bad, { package: bad, installed: bad, fixed: bad })],
        changed: [{ now: finding(bad, { fixed: bad }), before: finding(bad) }],
        gone: [finding(bad)],
        state: { now: 'failed', before: 'complete' },
      },
      { reason: bad, tags: [bad], verdict: { outcome: 'block', reasons: [bad] } },
    );
    const { subject, text, html, headers } = findingsMail({
      project: bad,
      releases: [everything],
      siteUrl: 'https://s.example',
    });
    const hidden = ['\r', '\u001b', '\u202e'];
    for (const value of [subject, ...Object.values(headers)])
      for (const each of [...hidden, '\n']) expect(value).not.toContain(each);
    for (const each of hidden) expect(text + html).not.toContain(each);
    expect(html).not.toContain('<script');
  });
});
