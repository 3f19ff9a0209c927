import { describe, expect, it } from 'vitest';
import { plainLog, wholeEnd } from '../../../core/text/plain-log.ts';
import { cpuTime } from '../../cpu-time.ts';

describe('a log without its terminal', () => {
  it.each([
    ['\u001b[1;31merror\u001b[0m', 'error'],
    ['\u001b]8;;https://example.org\u0007link\u001b]8;;\u0007', 'link'],
    ['\u001b]0;title\u001b\\text', 'text'],
    ['\u001b(B\u001b=text', 'text'],
    ['10 %\r 50 %\r100 %\n', '100 %\n'],
    ['windows\r\nlines\r\r\n', 'windows\nlines\n'],
    ['tab\tbell\u0007nul\u0000', 'tab\tbellnul'],
    ['abc\u202edef', 'abcdef'],
    ['äöü 日本 😀', 'äöü 日本 😀'],
  ])('%j', (raw, plain) => {
    expect(plainLog(raw)).toBe(plain);
  });

  it('is soon made, whatever is printed', () => {
    const began = cpuTime();
    for (const text of ['\u001b]', '\u001b[', '\r', '\u001b[0', 'x']) plainLog(text.repeat(200_000));
    expect(cpuTime() - began).toBeLessThan(2000);
  });
});

describe('the end of a slice', () => {
  const end = (text: string, cut = 0) => {
    const bytes = Buffer.from(text);
    return wholeEnd(bytes.subarray(0, bytes.length - cut));
  };

  it('is after the last whole line', () => {
    expect(end('one\ntwo')).toBe(4);
    expect(end('one\n')).toBe(4);
  });

  it('splits no character where there is no line', () => {
    expect(end('abc')).toBe(3);
    expect(end('ab😀', 1)).toBe(2);
    expect(end('ab😀', 3)).toBe(2);
    expect(end('ab😀')).toBe(6);
    expect(end('aü', 1)).toBe(1);
    expect(end('')).toBe(0);
  });

  it('does not wait for ever for the rest of what is not text', () => {
    expect(wholeEnd(Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80]))).toBe(5);
  });
});
