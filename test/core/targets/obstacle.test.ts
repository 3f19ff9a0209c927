import { expect, test } from 'vitest';
import { obstacleOf, type TargetState } from '../../../core/targets/target-state.ts';

const wanted = { digest: 'sha256:1' };
const having = (digest: string) =>
  ({ target: 'staging', delivered: [{ digest }] }) as Pick<TargetState, 'target' | 'delivered'>;

test.each([
  ['the target before has it, and nothing was found', having('sha256:1'), 0, undefined],
  ['there is no target before', undefined, 0, undefined],
  ['the target before has another release', having('sha256:2'), 0, 'staging has another release by now.'],
  ['a rescan found something', having('sha256:1'), 2, /^2 findings are new since its release/],
])('a promotion whose time has come, if %s', (_, source, newFindings, expected) => {
  const obstacle = obstacleOf(wanted, { source, newFindings });
  if (expected instanceof RegExp) expect(obstacle).toMatch(expected);
  else expect(obstacle).toBe(expected);
});
