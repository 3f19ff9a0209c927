import { expect, test } from 'vitest';
import { type FileResult, filesToRepeat, summarize } from './results.ts';

const result = (file: string, passed: number, ...failed: string[]): FileResult => ({
  file,
  passed,
  skipped: 0,
  failures: failed.map((test) => ({ test, why: 'expected 1 to be 2' })),
});
const named = (failures: readonly { file: string; test: string }[]) =>
  failures.map(({ file, test }) => (file === '' ? test : `${file}: ${test}`));

test('the files that failed are run once more, and nothing else', () => {
  expect(filesToRepeat([result('a', 3), result('b', 2, 'one'), result('', 0, 'vitest of unit')])).toEqual(['b']);
});

test.each([
  ['without a failure there is no second run', [result('a', 3)], [], [3, [], []]],
  ['what passes the second time is unsteady', [result('a', 2, 'one')], [result('a', 3)], [3, [], ['a: one']]],
  ['what fails twice has failed', [result('a', 2, 'one')], [result('a', 2, 'one')], [2, ['a: one'], []]],
  [
    'what fails only the second time has failed too',
    [result('a', 2, 'one')],
    [result('a', 2, 'two')],
    [2, ['a: two'], ['a: one']],
  ],
  [
    'tests of one name in two files are two tests',
    [result('a', 2, 'one'), result('b', 0, 'one')],
    [result('a', 3), result('b', 0, 'one')],
    [3, ['b: one'], ['a: one']],
  ],
  ['a file that the second run did not get to has failed', [result('a', 2, 'one')], [], [2, ['a: one'], []]],
  [
    'what fails outside of all files is not made good by a second run',
    [result('a', 2, 'one'), result('', 0, 'teardown')],
    [result('a', 3)],
    [3, ['teardown'], ['a: one']],
  ],
  [
    'nor is a second run that fails outside of all files',
    [result('a', 2, 'one')],
    [result('', 0, 'vitest of unit')],
    [2, ['a: one', 'vitest of unit'], []],
  ],
] as [string, FileResult[], FileResult[], [number, string[], string[]]][])('%s', (_, first, second, expected) => {
  const { passed, failures, unsteady } = summarize(first, second);
  expect([passed, named(failures), named(unsteady)]).toEqual(expected);
});
