import { describe, expect, it } from 'vitest';
import { waiverExpiryMail as written } from '../../../core/mail/waiver-expiry-mail.ts';
import { expiriesOn, nextExpiryWarning } from '../../../core/policy/waiver-expiry.ts';
import { asRead } from '../mail/as-read.ts';

const waiverExpiryMail = asRead(written);

const exception = { id: 'CVE-2026-1', reason: 'The parser is not called.', owner: 'shop team', expires: '2026-11-28' };
const statement = {
  ids: ['CVE-2026-2', 'GHSA-x'],
  status: 'not_affected' as const,
  packages: [{ type: 'deb', namespace: 'debian', name: 'openssl' }],
  author: 'Shop Security',
  expires: '2026-11-25',
  file: 'vex/openssl.json',
};

describe('of an exception until the 28th', () => {
  it.each([
    ['2026-11-20', []],
    ['2026-11-21', ['soon']],
    ['2026-11-28', ['soon']],
    ['2026-11-29', ['ended']],
    ['2027-11-29', ['ended']],
  ])('people are notified on %s: %j', (day, kinds) => {
    expect(expiriesOn(day, { exceptions: [exception] }).map(({ kind }) => kind)).toEqual(kinds);
  });

  it.each([
    [undefined, '2026-11-21'],
    ['2026-11-20', '2026-11-21'],
    ['2026-11-21', '2026-11-29'],
    ['2026-11-29', undefined],
  ])('the next day after %s is %s', (after, next) => {
    expect(nextExpiryWarning({ exceptions: [exception] }, after)).toBe(next);
  });

  it('another day is another end', () => {
    const keys = ['2026-11-27', '2026-11-28'].flatMap((expires) =>
      ['2026-11-25', '2026-12-01'].flatMap((day) =>
        expiriesOn(day, { exceptions: [{ ...exception, expires }] }).map(({ key }) => key),
      ),
    );
    expect(new Set(keys).size).toBe(4);
  });
});

describe('of VEX statements', () => {
  it('those that accept something are listed', () => {
    const statuses = ['not_affected', 'fixed', 'affected', 'under_investigation'] as const;
    const ends = statuses.map((status) => expiriesOn('2026-11-21', { vex: [{ ...statement, status }] }).length);
    expect(ends).toEqual([1, 1, 0, 0]);
  });

  it('only the newest on a finding is listed, which comes first', () => {
    const older = { ...statement, expires: '2026-11-22' };
    expect(expiriesOn('2026-11-21', { vex: [statement, older] }).map(({ expires }) => expires)).toEqual(['2026-11-25']);
    const renewed = { ...statement, expires: '2027-03-01' };
    expect(expiriesOn('2026-11-21', { vex: [renewed, older] })).toEqual([]);
  });
});

describe('the mail', () => {
  const mailOn = (day: string, decisions: Parameters<typeof expiriesOn>[1]) =>
    waiverExpiryMail({
      project: 'demo/app:latest',
      file: 'index.d/demo.yml',
      expiries: expiriesOn(day, decisions),
      siteUrl: 'https://slipway.example',
      indexUrl: 'https://git.example/ops/index',
    });

  it('says what ends when, whose it is, and what to do', () => {
    const { subject, text, html } = mailOn('2026-11-26', { exceptions: [exception], vex: [statement] });
    expect(subject).toBe('[slipway] EXCEPTIONS: demo/app:latest (1 ended, 1 ends soon)');
    const flat = text.replaceAll(/\s+/g, ' ');
    expect(flat).toContain(
      'CVE-2026-2 in pkg:deb/debian/openssl was accepted until 2026-11-25 (vex/openssl.json, by Shop Security)',
    );
    expect(flat).toContain('CVE-2026-1 is accepted until 2026-11-28 (owner: shop team): The parser is not called.');
    expect(flat.indexOf('CVE-2026-2')).toBeLessThan(flat.indexOf('CVE-2026-1'));
    expect(flat).toContain('index.d/demo.yml');
    expect(html).toContain('https://slipway.example/projects/demo/app/latest');
  });

  it('lets nothing of a stranger through as HTML, as another line or as another header', () => {
    const hostile = { ...exception, id: '<img src=x>\r\nBcc: all', owner: '<b>', reason: '\u202e<script>' };
    const { subject, text, html } = mailOn('2026-11-26', { exceptions: [hostile] });
    expect(html).not.toMatch(/<img|<script|<b>&/);
    expect(text).not.toMatch(/^Bcc:/m);
    expect(`${subject}${text}`).not.toMatch(/[\r\u202e]/);
  });

  it('of a hundred shows twenty', () => {
    const exceptions = Array.from({ length: 100 }, (_, at) => ({ ...exception, id: `CVE-2026-${1000 + at}` }));
    expect(mailOn('2026-11-26', { exceptions }).text.match(/CVE-2026-1/g)).toHaveLength(20);
    expect(mailOn('2026-11-26', { exceptions }).text).toContain('and 80 more');
  });
});
