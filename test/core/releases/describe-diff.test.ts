import { describe, expect, it } from 'vitest';
import { describeChanges, describeSize, describeSizeChange } from '../../../core/releases/describe-diff.ts';

describe('what changed, in numbers', () => {
  const none = { added: 0, removed: 0, updated: 0 };

  it.each([
    [{ packages: { added: 1, removed: 0, updated: 2 } }, '2 packages updated, 1 added'],
    [{ packages: { added: 1, removed: 3, updated: 0 } }, '1 package added, 3 removed'],
    [{ packages: none, vulnerabilities: { fixed: 1, introduced: 2 } }, '1 vulnerability fixed, 2 introduced'],
    [
      {
        packages: { ...none, removed: 1 },
        vulnerabilities: { fixed: 0, introduced: 0 },
        size: { before: 2e6, after: 1e6 },
      },
      '1 package removed; 1.0 MB, 1.0 MB less than before',
    ],
    [{ packages: none, size: { before: 5, after: 5 } }, 'no known change'],
    [{}, 'no known change'],
  ])('%j is: %s', (changes, words) => {
    expect(describeChanges({ against: 'a', ...changes })).toBe(words);
  });
});

it.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [46_512_345, '46.5 MB'],
  [3_210_000_000, '3.2 GB'],
  [5e15, '5000.0 TB'],
])('%i bytes are %s', (bytes, words) => {
  expect(describeSize(bytes)).toBe(words);
});

it('a size that did not change is said to be as before', () => {
  expect(describeSizeChange({ before: 1000, after: 1000 })).toBe('1.0 kB, as before');
});
