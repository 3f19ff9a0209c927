import { describe, expect, it } from 'vitest';
import { readLogLine } from '../../../core/text/log-line.ts';
import { cpuTime } from '../../cpu-time.ts';

const textOf = (raw: string) =>
  readLogLine(raw)
    .spans.map(({ text }) => text)
    .join('');

describe('the colours of a line', () => {
  it('are those of its text, and nothing else of a terminal', () => {
    expect(readLogLine('\u001b[1;31merror\u001b[0m: \u001b[92mgreen\u001b[39m, \u001b[38;5;200mmany').spans).toEqual([
      { text: 'error', bold: true, colour: 1 },
      { text: ': ' },
      { text: 'green', colour: 10 },
      { text: ', ', colour: 0 },
      { text: 'many', colour: 0 },
    ]);
  });

  it.each([
    ['concealed', '\u001b[8mhidden\u001b[28m', 'hidden'],
    ['black', '\u001b[30mhidden', 'hidden'],
    ['erased', 'text\u001b[2K\u001b[1Aover', 'textover'],
    ['a link', '\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007', 'link'],
    ['overwritten', '10 %\r\u001b[31m90 %', '90 %'],
  ])('hide nothing: %s', (_, raw, text) => {
    expect(textOf(raw)).toBe(text);
    expect(readLogLine(raw).spans.every(({ colour = 0 }) => colour !== 8)).toBe(true);
  });
});

it('what shows nothing is made visible, and emoji stay whole', () => {
  expect(textOf('a\u200bb\u00adc\ufeff\u3164')).toBe('a\\u{200b}b\\u{ad}c\\u{feff}\\u{3164}');
  expect(textOf('\u202egpj.exe\u2066')).toBe('gpj.exe');
  expect(textOf('👩\u200d💻 日本')).toBe('👩\u200d💻 日本');
});

it('a line without an end is cut, and says how much is left out', () => {
  const line = readLogLine('x'.repeat(1_000_000));
  expect(line.spans[0]?.text.length).toBeLessThanOrEqual(4000);
  expect(line.cut).toBeGreaterThan(900_000);
  expect(readLogLine('x'.repeat(5000)).cut).toBe(1000);
});

it.each([
  ['error: no such file', 'error'],
  ['npm ERR! code 1', undefined],
  ['E: Unable to locate package x', 'error'],
  ['src/main.c:12:3: error: expected ;', 'error'],
  ['#7 ERROR: process "/bin/sh -c make" did not complete: exit code: 2', 'error'],
  ['make: *** exited with 2', 'error'],
  ['W: an old index is used', 'warning'],
  ['[WARNING] deprecated', 'warning'],
  ['==> failed (2026-11-21T01:16:43Z, +0.4 s)', 'error'],
  ['0 errors, 0 warnings', undefined],
  ['checking for error.h... yes', undefined],
] as const)('%s is marked as %s', (line, level) => {
  expect(readLogLine(line).level).toBe(level);
});

it("the builder's headings begin a step", () => {
  expect(readLogLine('==> user-test (2026-11-21T01:16:43Z, +0.4 s)').step).toBe('user-test');
  expect(readLogLine('  ==> not one').step).toBeUndefined();
});

it('is soon read, whatever is printed', () => {
  const began = cpuTime();
  for (const text of ['\u001b]', '\u001b[', '\r', '\u001b[0;', 'a: ', ' ', 'x']) readLogLine(text.repeat(200_000));
  expect(cpuTime() - began).toBeLessThan(1000);
});
