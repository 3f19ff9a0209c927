import { describe, expect, it } from 'vitest';
import type { DeployTarget } from '../../../core/model/deploy-target.ts';
import { callOfNext, nextTarget } from '../../../core/targets/next-target.ts';

const target = (name: string, own: Partial<DeployTarget> = {}) =>
  ({ name, on: 'promotion', kind: 'kubernetes', mode: 'push', ...own }) as DeployTarget;

describe('the target that gets its releases from another', () => {
  const staging = target('staging', { on: 'version' });

  it.each([
    ['is the one after it', [staging, target('live')], 'live'],
    ['is not one that gets releases by itself', [staging, target('live', { on: 'version' })], undefined],
    ['is missing after the last one', [staging], undefined],
  ])('%s', (_, deploy, expected) => expect(nextTarget(deploy, 'staging')?.name).toBe(expected));
});

describe('what the next target is called for', () => {
  const now = new Date('2026-11-21T10:00:00Z');
  const release = { type: 'release' } as const;
  const rollback = { type: 'rollback', by: 'alice' } as const;
  const taken = { type: 'promotion', by: 'alice' } as const;

  it.each([
    ['a pull request at once', { mode: 'pull-request' }, release, false, { call: release }],
    [
      'a promotion when its hours have passed',
      { afterHours: 24 },
      release,
      false,
      { call: { type: 'promotion', by: '24 hours' }, dueAt: '2026-11-22T10:00:00.000Z' },
    ],
    ['nothing, where a person promotes', {}, release, false, undefined],
    ['nothing after a rollback', { afterHours: 24 }, rollback, false, undefined],
    ['what the rollback names, where a pull request offers the other', {}, rollback, true, { call: taken }],
  ] as const)('%s', (_, own, before, isOffered, expected) =>
    expect(callOfNext(target('live', own), before, { isOffered, now })).toEqual(expected),
  );
});
