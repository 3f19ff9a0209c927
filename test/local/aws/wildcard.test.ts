import { expect, test } from 'vitest';
import { wildcard } from '../../../local/aws/wildcard.ts';

test.each([
  ['build-*', 'build-1', true],
  ['build-*', 'rebuild-1', false],
  ['*', '', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c', false],
  ['ab*ba', 'aba', false],
  ['v1.0', 'v1x0', false],
  ['v1.0', 'v1.0', true],
  ['arn:*:queue?', 'arn:aws:queue1', true],
  ['arn:*:queue?', 'arn:aws:queue', false],
  ['*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(128), false],
])('%s on %s: %s', (pattern, text, isMatch) => {
  expect(wildcard(pattern)(text)).toBe(isMatch);
});
