// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of their own

import { expect, test } from 'vitest';
import { Effort } from '../../../../core/bases/dockerfile/effort.ts';
import { expandWord, WordError } from '../../../../core/bases/dockerfile/word.ts';
import { InvalidInputError } from '../../../../core/model/errors.ts';

const values: Record<string, string> = {
  A: 'x',
  EMPTY: '',
  TAG: '1.2.3-alpine',
  DOTS: 'a.b.c',
  STARS: 'a*b',
  ACCENTS: 'é€é',
  PATTERN: '*.',
};

const expand = (text: string, escapeCharacter = '\\') =>
  expandWord(text, { escapeCharacter, valueOf: (name) => values[name], effort: new Effort() });

// What BuildKit makes of each: https://github.com/moby/buildkit/blob/v0.34.2/frontend/dockerfile/shell/lex.go
test.each([
  ['${A}', 'x'],
  ['$A-$A', 'x-x'],
  ['$NONE', ''],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${NONE-d}', 'd'],
  ['${NONE:-${A}y}', 'xy'],
  ['${NONE:-"a b}"}', 'a b}'],
  ['${A:+set}', 'set'],
  ['${EMPTY:+set}', ''],
  ['${EMPTY+set}', 'set'],
  ['${NONE+set}', ''],
  ['${A:?why}', 'x'],
  ['${EMPTY?why}', ''],
  ['${TAG%-*}', '1.2.3'],
  ['${TAG%.*}', '1.2'],
  ['${TAG%%.*}', '1'],
  ['${TAG#*.}', '2.3-alpine'],
  ['${TAG##*.}', '3-alpine'],
  ['${TAG#?}', '.2.3-alpine'],
  ['${TAG#none}', '1.2.3-alpine'],
  ['${NONE#*}', ''],
  ['${DOTS//./}', 'abc'],
  ['${DOTS/./-}', 'a-b.c'],
  ['${DOTS//?/x}', 'xxxxx'],
  ['${DOTS//*/x}', 'x'],
  ['${DOTS///-}', '-a-.-b-.-c-'],
  ['${DOTS/.*./-}', 'a-c'],
  ['${DOTS#$PATTERN}', 'b.c'],
  ['${DOTS##"$PATTERN"}', 'c'],
  ['${STARS/\\*/-}', 'a-b'],
  ["${STARS%'*'}", 'a*b'],
  ['${ACCENTS%?}', 'é€'],
  ['${DOTS/./\\/}', 'a\\/b.c'],
  ["${DOTS//./'$1'}", 'abc'],
  ["${DOTS/./'$1'}", 'a$1b.c'],
  ['a"b c"d', 'ab cd'],
  ['alpine:"${A}"', 'alpine:x'],
  ["'$A'", '$A'],
  ["'${binary:Package}'", '${binary:Package}'],
  ['"\'$A\'"', "'x'"],
  ['"\\$A\\"\\a"', '$A"\\a'],
  ['\\$A', '$A'],
  ['\\a\\\\', 'a\\'],
  ['a$', 'a$'],
  ['$(A)', '$(A)'],
  ['$1', ''],
  ['$-A', 'A'],
  ['\ufeffx', 'x'],
])('%s becomes %s', (text, expected) => {
  expect(expand(text)).toBe(expected);
});

test('another escape character leaves the backslash its meaning within patterns only', () => {
  expect(expand('`$A\\$A', '`')).toBe('$A\\x');
  expect(expand('${STARS#a\\*}', '`')).toBe('b');
});

test.each([
  '${A',
  '${NONE:?say why}',
  '${EMPTY:?}',
  '${A/x}',
  '${A/x/y',
  '${}',
  '${:A}',
  '${{A}}',
  '${A:0:1}',
  '${A:#x}',
  '${#A}',
  '${A^^}',
  '${A#\\x}',
  '"open',
  "'open",
  '${NONE-"open}',
])('%s is refused', (text) => {
  expect(() => expand(text)).toThrow(WordError);
});

test('what a variable asks for is told', () => {
  expect(() => expand('${NONE:?say why}')).toThrow('The variable NONE must be set: "say why".');
});

test.each([
  ['braces', '${A:-'.repeat(10_000)],
  ['stars', `\${LONG#${'*a'.repeat(1_000)}}`],
  ['matches', '${LONG//a/$LONG}'],
  ['copies', '$LONG'.repeat(1_000)],
])('a word of many %s is read at once, or refused', (_, text) => {
  const effort = new Effort();
  const began = process.threadCpuUsage();
  const read = () => {
    try {
      return expandWord(text, { escapeCharacter: '\\', valueOf: () => 'a'.repeat(20_000), effort });
    } catch (error) {
      return error;
    }
  };
  const outcome = read();
  if (typeof outcome !== 'string') expect(outcome).toBeInstanceOf(InvalidInputError);
  expect(process.threadCpuUsage(began).user / 1000).toBeLessThan(2_000);
});
