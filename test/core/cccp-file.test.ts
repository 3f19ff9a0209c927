import { expect, test } from 'vitest';
import { readCccpFile } from '../../core/cccp-file.ts';

test('every value stays the text that was written', () => {
  expect(
    readCccpFile('# This will be the job name\njob-id: 3.10\ntest-skip: True\ntest-script: tests/run.sh\n'),
  ).toEqual({
    jobId: '3.10',
    testSkip: true,
    testScript: 'tests/run.sh',
    problems: [],
  });
  expect(readCccpFile('job-id: centos\ntest-skip: no\nbuild-script: x\nlocal-delivery: [a, b]\n')).toEqual({
    jobId: 'centos',
    testSkip: false,
    problems: [],
  });
  expect(readCccpFile('')).toEqual({ problems: [] });
});

test.each([
  ['a list', '- a\n- b\n', 'It is no list of "key: value".'],
  ['no YAML', 'job-id: "never closed\n', expect.stringContaining('no valid YAML')],
  ['a file of many bytes', `# ${'x'.repeat(100_000)}`, expect.stringContaining('larger than')],
  ['a name that is a list', 'job-id: [a]\n', '"job-id" is no short text.'],
  ['an alias', 'a: &a x\njob-id: *a\n', '"job-id" is no short text.'],
  ['a very long name', `job-id: ${'x'.repeat(1000)}\n`, '"job-id" is no short text.'],
  ['an answer that is none', 'test-skip: perhaps\n', '"test-skip" is neither true nor false.'],
])('%s is a problem and no error', (_what, text, problem) => {
  expect(readCccpFile(text)).toEqual({ problems: [problem] });
});
