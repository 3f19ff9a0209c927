// biome-ignore-all lint/suspicious/noTemplateCurlyInString: labels have variables of their own
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  CommandUnreadableError,
  plainWords,
  shellCommands,
} from '../../../../core/scanners/capabilities/shell-words.ts';
import { cpuTime } from '../../../cpu-time.ts';

/** What the machine's own shell makes of the words after a command. */
function asShellReads(text: string): string[] {
  const { stdout } = spawnSync('sh', ['-c', `f() { printf '%s\\0' "$@"; }; f ${text}`], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

const quoted = [
  'run -v /a\\ b:/c x',
  '"a b" \'c d\' e',
  'a"b c"d\'e f\'g',
  '\'\' "" x',
  '"a\\"b" "a\\\\b" "a\\nb" \'a\\b\'',
  'a\\\nb "c\\\nd"',
  '--name=--privileged "--net=host"',
  'it\\\'s "it\'s"',
  'tab\there  two  spaces ',
  '"#" a#b \\# # a comment',
  '--pri""vileged \'--priv\'ileged --priv\\ileged',
  'ümläut "日本"',
];

test.each(quoted)('%j is split as a shell splits it', (text) => {
  expect(shellCommands(`f ${text}`)).toEqual([['f', ...asShellReads(text)]]);
});

test.each<[string, string[][]]>([
  [
    'a b; c d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['a && b || c | d & e', [['a'], ['b'], ['c'], ['d'], ['e']]],
  ['(a; b)\nc', [['a'], ['b'], ['c']]],
  ['a >/dev/null 2>&1 b', [['a', 'b']]],
  ['a < in --b &> out c', [['a', '--b', 'c']]],
  ['a 2> err --b', [['a', '--b']]],
  ['a2>b c', [['a2', 'c']]],
  [
    'a $(b c) d',
    [
      ['b', 'c'],
      ['a', '$(b c)', 'd'],
    ],
  ],
  [
    'a "x $(b "c)") y"',
    [
      ['b', 'c)'],
      ['a', 'x $(b "c)") y'],
    ],
  ],
  ['a `b \\`c\\`` d', [['c'], ['b', '`c`'], ['a', '`b \\`c\\``', 'd']]],
  ['a ${IMAGE} "$NAME x"', [['a', '${IMAGE}', '$NAME x']]],
  ["a '$(b)' ';'", [['a', '$(b)', ';']]],
])('%j is these commands', (text, commands) => {
  expect(shellCommands(text)).toEqual(commands);
});

test('what starts no shell knows quotes and backslashes only', () => {
  expect(plainWords("a 'b c' && $(d e) # f\ng; \\\nh")).toEqual(['a', 'b c', '&&', '$(d', 'e)', '#', 'f', 'g;', 'h']);
});

test.each([
  ['docker run "open', 'a quote (") is not closed'],
  ["don't", "a quote (') is not closed"],
  ['a `b', 'a quote (`) is not closed'],
  ['a $(b', 'a command ($() is not closed'],
  ['a ${b', 'a variable (${) is not closed'],
  ['a \\', 'it ends with a backslash'],
  ["a $'b'", "it has words in $'…', which not every shell reads"],
  ['cat <<EOF\nx\nEOF', 'it has a here-document (<<)'],
  ['a <(b) --c', 'it has a command instead of a file (<()'],
  ['a ${b:-$(c)}', 'a variable has words or commands as its value'],
  [`a ${'$(a '.repeat(9)}${')'.repeat(9)}`, 'it has commands within commands, more than 5 deep'],
])('%j cannot be read', (text, reason) => {
  expect(() => shellCommands(text)).toThrow(new CommandUnreadableError(reason));
});

test('the longest text is read at once', () => {
  const started = cpuTime();
  for (const text of ['a '.repeat(8192), "''".repeat(8192), '$('.repeat(8192), '`'.repeat(16384), '\\a'.repeat(8192)]) {
    try {
      shellCommands(text);
    } catch (error) {
      expect(error).toBeInstanceOf(CommandUnreadableError);
    }
  }
  expect(cpuTime() - started).toBeLessThan(1000);
});
