import { expect, test } from 'vitest';
import { coloured, harmless, Redaction } from '../../builder/redaction.ts';

test('a known secret is removed in every form that tools print', () => {
  const redaction = new Redaction();
  redaction.add('s3cr3t/with+signs');
  const encoded = Buffer.from('s3cr3t/with+signs').toString('base64');
  expect(redaction.apply(`a s3cr3t/with+signs b ${encoded} c s3cr3t%2Fwith%2Bsigns d`)).toBe('a *** b *** c *** d');
});

test.each([76, 64])('a secret whose base64 has lines of %i characters is removed from each', (width) => {
  const redaction = new Redaction();
  const secret = `{"key": "${'k3y+'.repeat(60)}"}\n`;
  redaction.add(secret);
  const lines =
    Buffer.from(secret)
      .toString('base64')
      .match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  expect(lines.map((line) => redaction.apply(line))).toEqual(lines.map(() => '***'));
});

test('a value that is too short to be a secret is left alone', () => {
  const redaction = new Redaction();
  redaction.add('a');
  redaction.add(undefined);
  expect(redaction.apply('a banana')).toBe('a banana');
});

test.each([
  ['cloning https://user:pass@example.org/x', 'cloning https://***@example.org/x'],
  ['https://token@github.com/x.git', 'https://***@github.com/x.git'],
  ['authorization: Bearer abc.def', 'authorization: ***'],
  ['"Authorization":"Basic QVdTOnRva2Vu"', '"Authorization":"***"'],
  ['Proxy-Authorization: Basic abc', 'Proxy-Authorization: ***'],
  [`key AKIA${'ABCD'.repeat(4)} end`, 'key *** end'],
  [`ghp_${'a'.repeat(36)}`, '***'],
])('%j loses its credentials', (text, expected) => {
  expect(new Redaction().apply(text)).toBe(expected);
});

test.each([
  'mail to person@example.org',
  'https://example.org/a@b',
  'git@example.org:a/b.git',
  'the authorization failed',
])('%j stays as it is', (text) => {
  expect(new Redaction().apply(text)).toBe(text);
});

test.each([
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]0;title\u0007text', 'text'],
  ['\u001b]8;;https://example.org\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['\u009b2Jtext', 'text'],
  ['a\u0000b\u0008c\u007fd\u0085e', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
  ['abc \u202edcba', 'abc \ufffddcba'],
  ['a\tb é 漢 🚀', 'a\tb é 漢 🚀'],
  ['\u001b[', ''],
])('%j is made harmless', (text, expected) => {
  expect(harmless(text)).toBe(expected);
});

test.each([
  ['\u001b[1;31mred\u001b[0m \u001b[mplain', '\u001b[1;31mred\u001b[0m \u001b[mplain'],
  // Black, concealed, on a background, and blinking: what a text could be hidden or shouted by.
  ['\u001b[30ma\u001b[8mb\u001b[31;41mc\u001b[5md\u001b[38;5;0me', 'abcde'],
  ['\u001b[2J\u001b[31mx\u001b]8;;https://example.org\u0007link\u202e', '\u001b[31mxlink\ufffd'],
  ['\u001b[31', '31'],
])('%j keeps only the colours of its text', (text, expected) => {
  expect(coloured(text)).toBe(expected);
});
