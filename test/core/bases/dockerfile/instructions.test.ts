// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of their own

import { expect, test } from 'vitest';
import { readInstructions } from '../../../../core/bases/dockerfile/instructions.ts';

/** `line-last KEYWORD rest` of each instruction. */
const read = (...lines: string[]) =>
  readInstructions(lines.join('\n')).instructions.map(
    ({ line, lastLine, keyword, rest }) => `${line}-${lastLine} ${keyword} ${rest}`,
  );
const faultOf = (...lines: string[]) => readInstructions(lines.join('\n')).fault?.message;
const bodyAfter = (line: string, end = 'EOF') => read(line, 'FROM body', end, 'USER a');

test('a line goes on where the escape character is its last, past comments and empty lines', () => {
  expect(read('RUN a \\', '# why', '', '  b \\  ', ' c', 'USER d')).toEqual(['1-5 RUN a   b  c', '6-6 USER d']);
  expect(read('RUN a \\\\', 'USER b')).toEqual(['1-1 RUN a \\\\', '2-2 USER b']);
  expect(read('\\', 'USER a')).toEqual(['1-2 USER a']);
  expect(read('# comment \\', 'USER a')).toEqual(['2-2 USER a']);
  expect(read('USER a \\')).toEqual(['1-1 USER a']);
});

test('a byte order mark, CRLF and blanks around instructions are not part of them', () => {
  expect(read('\ufeffFROM a\r', '\t RUN b \\\r', 'c \r', '\r', 'user\td\r')).toEqual([
    '1-1 FROM a',
    '2-3 RUN b c',
    '5-5 USER d',
  ]);
});

test.each([
  ['RUN cat <<EOF'],
  ['RUN cat << EOF'],
  ['RUN cat <<\tEOF'],
  ['RUN cat <<"EOF"'],
  ["RUN cat <<'E'OF"],
  ['RUN cat <<E\\OF'],
  ['RUN cat 3<<EOF >/f'],
  ['RUN --mount=type=cache,target=/c cat <<EOF'],
  ['run cat \\\n<<EOF'],
  ['COPY <<EOF /f'],
  ['ADD <<EOF /f'],
  ['ONBUILD RUN cat <<EOF'],
  ['RUN ["a" <<EOF'],
  ['RUN ${x:-y} ${x:0:1} <<EOF'],
])('%s opens a here-document', (line) => {
  expect(bodyAfter(line).slice(1)).toEqual([expect.stringMatching(/USER a$/)]);
});

test.each([
  ['RUN ["/bin/sh", "-c", "cat <<EOF"]'],
  ['COPY ["<<EOF", "/f"]'],
  ['RUN echo "<<EOF"'],
  ["RUN echo '<<EOF'"],
  ['RUN cat <<<EOF'],
  ['RUN echo a<<EOF'],
  ['RUN echo $((1<<2))'],
  ["RUN cat <<EOF; echo it's"],
  ['RUN echo ${#x} <<EOF'],
  ['RUN cat <<'],
  ['CMD cat <<EOF'],
  ['ENTRYPOINT ["cat", "<<EOF"]'],
  ['ONBUILD RUN ["cat", "<<EOF"]'],
])('%s opens no here-document', (line) => {
  expect(bodyAfter(line)).toHaveLength(4);
});

test('a here-document ends at its own word alone, and several come one after the other', () => {
  expect(read('RUN cat <<A <<-B', 'B', ' A', 'A', '\tA', '\tB', 'USER a')).toEqual([
    '1-6 RUN cat <<A <<-B',
    '7-7 USER a',
  ]);
  expect(read('RUN cat <<A\r', 'b\r', 'A\r', 'USER a')).toEqual(['1-3 RUN cat <<A', '4-4 USER a']);
  expect(faultOf('RUN cat <<A', '\tA')).toBe('Line 1: no line ends its here-document: A is missing.');
});

test.each([
  ['# escape=`', '`'],
  ['#\tEscape = ` ', '`'],
  ['  # escape=`', '`'],
  ['# syntax=a\n# check=skip=all\n# escape=`', '`'],
  ['# comment\n# escape=`', '\\'],
  ['# unknown=a\n# escape=`', '\\'],
  ['#!/bin/sh\n# escape=`', '\\'],
  ['\n# escape=`', '\\'],
  ['FROM a\n# escape=`', '\\'],
])('%j sets the escape character %s', (text, expected) => {
  expect(readInstructions(`${text}\n`).escapeCharacter).toBe(expected);
});

test.each([
  ['# syntax=a/b:1', 'a/b:1'],
  ['\ufeff#syntax = a/b  more\r', 'a/b'],
  ['#!/usr/bin/env x\n# syntax=a', 'a'],
  ['# escape=`\n# SYNTAX=a', 'a'],
  [' # syntax=a', undefined],
  ['# comment\n# syntax=a', undefined],
  ['# unknown=b\n# syntax=a', undefined],
  ['\n# syntax=a', undefined],
])('%j asks for the frontend %s', (text, expected) => {
  expect(readInstructions(`${text}\nFROM x\n`).syntax).toBe(expected);
});

test.each([
  ['a directive twice', '# escape=`\n# escape=`\nFROM a', 'Line 2: there is already a directive escape before it.'],
  ['another escape character', '# escape=x\nFROM a', 'Line 1: the escape character must be ` or \\.'],
  ['a list of numbers', 'FROM a\nRUN ["a", 1]', 'Line 2: its list may contain only strings.'],
  ['a line that is too long', `FROM a\nRUN ${'é'.repeat(32_766)}`, 'Line 2: it is longer than 65535 bytes.'],
])('%s is a fault', (_, text, message) => {
  expect(readInstructions(text).fault?.message).toBe(message);
});

test('flags come without quotes and escapes, up to the first word that is none', () => {
  const flags = (line: string) => readInstructions(line).instructions.map((each) => [each.flags, each.rest]);
  expect(flags('COPY --from="a" --"chown"=b\\ c -- --x /')).toEqual([[['--from=a', '--chown=b c'], '--x /']]);
  expect(flags('COPY a --from=b /')).toEqual([[[], 'a --from=b /']]);
  // BuildKit reads bytes here, and the last of this letter is a blank.
  expect(flags('COPY --chown=à--from=b /')).toEqual([[['--chown=Ã', '--from=b'], '/']]);
});
