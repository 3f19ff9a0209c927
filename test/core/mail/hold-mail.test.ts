import { describe, expect, it } from 'vitest';
import * as written from '../../../core/mail/build-mail.ts';
import { holdMail as writtenHoldMail } from '../../../core/mail/hold-mail.ts';
import { mailDetailsOf } from '../../../core/mail/mailed-end.ts';
import type { Build } from '../../../core/model/build.ts';
import type { HoldChange } from '../../../core/model/hold.ts';
import { asRead } from './as-read.ts';

const buildMail = asRead(written.buildMail);
const holdMail = asRead(writtenHoldMail);

const siteUrl = 'https://slipway.example.org';
const [from, to] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
const build: Build = {
  id: '00000000000000aa',
  project: 'demo/app:latest',
  status: 'released',
  cause: { type: 'rollback', requester: 'alice', reason: 'logins are\nbroken', from, to },
  commit: '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d',
  ref: 'refs/heads/main',
  sourceUrl: 'https://github.com/demo/app.git',
  notifyEmail: ['owner@example.org'],
  sequence: 3,
  createdAt: '2026-11-21T01:16:42.000Z',
  stages: {},
  image: { repository: 'registry.example.org/demo/app', digest: to, tags: ['latest'] },
};
const plain = (text: string | undefined) => text?.replaceAll(/\s+/g, ' ');

describe('the mail about a rollback', () => {
  it('says who took what back, why, and how the hold ends', () => {
    const mail = buildMail(build, siteUrl);
    expect(mail?.subject).toBe('[slipway] ROLLED BACK: demo/app:latest (main 1a2b3c4)');
    const text = plain(mail?.text);
    for (const part of ['alice', 'logins are broken', from, to, 'slipway unhold demo/app:latest'])
      expect(text).toContain(part);
    expect(text).toContain('docker pull registry.example.org/demo/app:latest');
    expect(text).not.toContain('Read the log');
  });

  it('of one that failed says that tags may have moved, and how to go on', () => {
    const failure = { error: 'UpstreamError', message: 'The registry gave no answer.' };
    const mail = buildMail({ ...build, status: 'failed', image: undefined, failure }, siteUrl);
    expect(mail?.subject).toMatch(/^\[slipway\] FAILED ROLLBACK: /);
    expect(plain(mail?.text)).toContain(`slipway rollback demo/app:latest --to ${to}`);
  });

  it.each<[string, Partial<Build>, boolean]>([
    ['is sent whatever ends of builds people chose', { notify: ['failed'] }, true],
    ['is not sent to people who want no mail', { notify: [] }, false],
    ['is not sent if it was refused: the command says so', { status: 'cancelled' }, false],
  ])('%s', (_, over, expected) => {
    expect(mailDetailsOf({ ...build, ...over }) !== undefined).toBe(expected);
  });
});

describe('the mail about a build that is held', () => {
  const held: Build = {
    ...build,
    status: 'unchanged',
    cause: { type: 'manual', requester: 'bob' },
    held: { by: 'alice', until: '2026-12-01', reason: 'the fair' },
    image: undefined,
  };

  it('says that it would be released, and what keeps it back', () => {
    const mail = buildMail(held, siteUrl);
    expect(mail?.subject).toBe('[slipway] HELD: demo/app:latest (main 1a2b3c4)');
    expect(plain(mail?.text)).toContain('Held, would release. Releases are held by alice until 2026-12-01: the fair.');
  });

  it('is for those who are notified of releases', () => {
    expect(mailDetailsOf({ ...held, notify: ['released'] })).toBeDefined();
    expect(mailDetailsOf({ ...held, notify: ['blocked', 'failed'] })).toBeUndefined();
  });
});

describe('the mail about a hold', () => {
  const change: HoldChange = {
    project: 'demo/app:latest',
    id: 'hold:1',
    action: 'held',
    at: '2026-11-21T01:16:42.000Z',
    by: 'alice\r\nBcc: everybody@example.org',
    until: '2026-12-01',
    reason: '<b>the fair</b>',
  };
  const mailOf = (over: Partial<HoldChange> = {}) =>
    holdMail({
      change: { ...change, ...over },
      released: { digest: to },
      siteUrl,
      indexUrl: 'https://git.example/index',
    });

  it('says who, until when and why, and names no header', () => {
    const { subject, text, html } = mailOf();
    expect(subject).toBe('[slipway] HELD: demo/app:latest');
    expect(plain(text)).toMatch(/alice Bcc: .* 2026-11-21 01:16:42 UTC.*ends|The hold ends by itself after 2026-12-01/);
    expect(html).toContain('&lt;b&gt;the fair&lt;/b&gt;');
  });

  it('of its end links to what is released', () => {
    const { subject, text } = mailOf({ action: 'unheld', builds: ['00000000000000bb'] });
    expect(subject).toBe('[slipway] UNHELD: demo/app:latest');
    expect(text).toContain(`${siteUrl}/builds/00000000000000bb`);
    expect(plain(mailOf({ action: 'unheld' }).text)).toContain('No image waits.');
  });
});
