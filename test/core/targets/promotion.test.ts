import { expect, test } from 'vitest';
import { promotionStep } from '../../../core/targets/promotion.ts';
import type { TargetState } from '../../../core/targets/target-state.ts';

const now = new Date('2026-11-05T12:00:00.000Z');
const release = {
  digest: 'sha256:1',
  tag: 'build-1',
  build: 'b1',
  repository: 'demo/app',
  releasedAt: now.toISOString(),
};
const waiting = {
  project: 'demo/app:latest',
  target: 'production',
  kind: 'manifest',
  state: 'waiting',
  wanted: { ...release, call: { type: 'promotion', by: 'ann' } },
  revision: 3,
} as unknown as TargetState;
const having = (digest: string) =>
  ({ target: 'staging', delivered: [{ digest }] }) as Pick<TargetState, 'target' | 'delivered'>;

test.each([
  ['begins if the target before has it, and nothing was found', {}, { do: 'begin', state: { state: 'pending' } }],
  ['begins if there is no target before', { source: undefined }, { do: 'begin' }],
  [
    'is given up if the target before has another release',
    { source: having('sha256:2') },
    { do: 'give-up', error: 'staging has another release by now.' },
  ],
  [
    'is given up if a rescan found something',
    { newFindings: 2 },
    { do: 'give-up', error: expect.stringMatching(/^2 findings are new since its release/) },
  ],
  [
    'waits while releases are held, whatever else there is',
    { hold: { by: 'ann', reason: 'the fair' }, newFindings: 2 },
    {
      do: 'wait',
      state: {
        state: 'waiting',
        error: 'Releases are held by ann: the fair.',
        dueAt: '2026-11-05T12:15:00.000Z',
        revision: 4,
      },
    },
  ],
])('a promotion whose time has come %s', (_, facts, expected) => {
  const step = promotionStep(waiting, { hold: undefined, source: having('sha256:1'), newFindings: 0, ...facts }, now);
  expect(step).toMatchObject(expected);
});
