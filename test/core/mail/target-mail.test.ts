import { describe, expect, it } from 'vitest';
import { targetMail as writtenTargetMail } from '../../../core/mail/target-mail.ts';
import type { TargetState } from '../../../core/targets/target-state.ts';
import { asRead } from './as-read.ts';

const targetMail = asRead(writtenTargetMail);

const wanted: TargetState['wanted'] = {
  build: 'b2',
  repository: 'registry.example.org/demo/app',
  digest: `sha256:${'2'.repeat(64)}`,
  tag: '1.2.0',
  tags: ['1.2.0'],
  ref: 'refs/tags/v1.2.0',
  commit: '1'.repeat(40),
  sourceUrl: 'https://git.example/demo/app.git',
  releasedAt: '2026-11-01T00:00:00.000Z',
  why: 'Push',
  call: { type: 'promotion', by: 'ann\r\nBcc: everybody@example.org' },
};
const state: TargetState = {
  project: 'demo/app:latest',
  target: 'production',
  kind: 'service',
  wanted,
  state: 'delivered',
  since: '2026-11-01T00:00:00.000Z',
  attempts: 1,
  revision: 3,
  delivered: [{ ...wanted, deliveredAt: '2026-11-01T00:10:00.000Z' }],
};
const mailOf = (over: Partial<TargetState> = {}) =>
  targetMail({ ...state, ...over }, { siteUrl: 'https://slipway.example', indexUrl: 'https://git.example/index' });

describe('the mail about a target', () => {
  it('says what the service ran before, and the command that goes back to it', () => {
    const before = {
      ...wanted,
      tag: '1.1.0',
      digest: `sha256:${'1'.repeat(64)}`,
      deliveredAt: '2026-10-01T00:00:00.000Z',
    };
    const { text } = mailOf({ delivered: [...state.delivered, before] });
    expect(text.replaceAll(/\s+/g, ' ')).toContain('Before, it ran 1.1.0.');
    expect(text).toContain('\n    slipway promote demo/app:latest --to production --release 1.1.0\n');
    expect(mailOf().text).not.toContain('slipway promote');
  });

  it('says that a service runs the release, by digest, and who promoted it', () => {
    const { subject, text } = mailOf();
    expect(subject).toBe('[slipway] DEPLOYED: demo/app:latest 1.2.0 to production');
    expect(text).toContain('https://slipway.example/builds/b2');
    expect(text).toMatch(/Promoted by:? +ann Bcc: everybody@example\.org/);
  });

  it('says what is in the way, what the target keeps, and what to do', () => {
    const before = { ...wanted, tag: '1.1.0', deliveredAt: '2026-10-01T00:00:00.000Z' };
    const { subject, text } = mailOf({ state: 'failed', error: 'tasks <failed> to start', delivered: [before] });
    expect(subject).toBe('[slipway] NOT DEPLOYED: demo/app:latest 1.2.0 to production');
    const plain = text.replaceAll(/\s+/g, ' ');
    expect(plain).toContain('tasks <failed> to start');
    expect(plain).toContain('It keeps 1.1.0.');
    expect(plain).toContain('slipway promote demo/app:latest --to production --release 1.2.0');
  });
});
