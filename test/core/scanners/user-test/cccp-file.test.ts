import { expect, test } from 'vitest';
import { readCccpFile } from '../../../../core/scanners/user-test/cccp-file.ts';

test('every value stays the text that was written', () => {
  expect(readCccpFile('# This will be the job name\njob-id: 3.10\n')).toEqual({ jobId: '3.10', warnings: [] });
  expect(readCccpFile('job-id: centos\nbuild-script: x\nlocal-delivery: [a, b]\n')).toEqual({
    jobId: 'centos',
    warnings: [],
  });
  expect(readCccpFile('')).toEqual({ warnings: [] });
});

const usual = { script: 'tests/run.sh', hasNetwork: false, seconds: 600 };

test.each([
  ['a script alone', 'test-script: tests/run.sh\n', usual],
  ['a script that is not left out', 'test-script: tests/run.sh\ntest-skip: False\n', usual],
  ['a script that wants the network', 'test-script: tests/run.sh\ntest-network: yes\n', { ...usual, hasNetwork: true }],
  ['a script with a time', 'test-script: tests/run.sh\ntest-timeout: 90\n', { ...usual, seconds: 90 }],
  ['a script that is left out', 'test-script: tests/run.sh\ntest-skip: True\n', undefined],
  ['no script, and nothing to leave out', 'job-id: a\ntest-skip: False\n', undefined],
  ['the empty script of the template', 'test-script:\ntest-skip: False\n', undefined],
])('%s', (_what, text, own) => {
  expect(readCccpFile(text)).toEqual({
    ...(text.includes('job-id') ? { jobId: 'a' } : {}),
    ...(own && { test: own }),
    warnings: [],
  });
});

test.each([
  ['test-skip: perhaps', '"test-skip" is neither true nor false.', usual],
  ['test-network: eth0', '"test-network" is neither true nor false.', usual],
  ['test-timeout: 1h', '"test-timeout" is not a number of seconds: 600 seconds count instead.', usual],
  ['test-timeout: 0', '"test-timeout" is not a number of seconds: 600 seconds count instead.', usual],
  ['test-timeout: -5', '"test-timeout" is not a number of seconds: 600 seconds count instead.', usual],
  [
    'test-timeout: 999999',
    '"test-timeout" is more than the limit of 1800 seconds: the limit counts instead.',
    { ...usual, seconds: 1800 },
  ],
])('beside a script, %s is a warning, and the test counts', (line, warning, own) => {
  expect(readCccpFile(`test-script: tests/run.sh\n${line}\n`)).toEqual({ warnings: [warning], test: own });
});

test.each([
  ['a list', '- a\n- b\n', 'It is not a list of "key: value".'],
  ['no YAML', 'job-id: "never closed\n', expect.stringContaining('not valid YAML')],
  ['a file of many bytes', `# ${'x'.repeat(100_000)}`, expect.stringContaining('larger than')],
  ['a script that is a list', 'test-script: [a]\n', '"test-script" is not a short text.'],
  ['a script that is an alias', 'x: &a b\ntest-script: *a\n', '"test-script" is not a short text.'],
])('%s leaves open whether there is a test', (_what, text, warning) => {
  const { test: own, unknownTest, warnings } = readCccpFile(text);
  expect(own).toBeUndefined();
  expect(warnings).toEqual([warning]);
  expect(unknownTest).toMatch(/^It.*\.?$/);
});

test('a script that cannot be read does not matter where it is left out', () => {
  expect(readCccpFile('test-script: [a]\ntest-skip: true\n').unknownTest).toBeUndefined();
});

test.each([
  ['a name that is a list', 'job-id: [a]\n', '"job-id" is not a short text.'],
  ['an alias', 'a: &a x\njob-id: *a\n', '"job-id" is not a short text.'],
  ['a very long name', `job-id: ${'x'.repeat(1000)}\n`, '"job-id" is not a short text.'],
  ['an answer that is none', 'test-skip: perhaps\n', '"test-skip" is neither true nor false.'],
])('%s is a warning and no error', (_what, text, warning) => {
  expect(readCccpFile(text)).toEqual({ warnings: [warning] });
});
