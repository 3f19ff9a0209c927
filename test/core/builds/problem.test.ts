import { expect, it } from 'vitest';
import { problemOf } from '../../../core/builds/problem.ts';

it.each([
  ['failed', 'failed'],
  ['blocked', 'blocked'],
  ['unchanged', undefined],
  ['released', undefined],
  ['superseded', undefined],
  ['cancelled', undefined],
  ['building', undefined],
] as const)('a build that is %s leaves as problem: %s', (status, problem) => {
  expect(problemOf({ status })).toBe(problem);
});

it('a hold that kept a release back is one', () => {
  expect(problemOf({ status: 'unchanged', held: { by: 'alice', reason: 'the fair' } })).toBe('held');
});
