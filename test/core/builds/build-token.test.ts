import { expect, it } from 'vitest';
import { isInBuilder, isTokenOf, tokenHash } from '../../../core/builds/build-token.ts';
import { buildStatuses } from '../../../core/model/build.ts';

it('a token is known by its hash, among others', () => {
  const hashes = new Set(['first', 'second'].map(tokenHash));
  expect(isTokenOf(hashes, 'first')).toBe(true);
  expect(isTokenOf(hashes, 'second')).toBe(true);
  expect(isTokenOf(hashes, 'third')).toBe(false);
  expect(isTokenOf(hashes, tokenHash('first'))).toBe(false);
  expect(isTokenOf([], 'first')).toBe(false);
  expect(isTokenOf(['', 'no hash'], 'first')).toBe(false);
  expect([...hashes].join()).not.toMatch(/first|second/);
});

it('a token counts as long as the builder may be at work', () => {
  expect(buildStatuses.filter((status) => isInBuilder({ status }))).toEqual(['queued', 'building']);
});
