import { expect, test } from 'vitest';
import {
  paragraphReader,
  parseMirrors,
  parseRelease,
  parseRepomd,
  primaryReader,
} from '../../../core/packages/repository-metadata.ts';
import { cpuTime } from '../../cpu-time.ts';

const debian = { name: 'Package', architecture: 'Architecture', version: 'Version' };

test('packages are found wherever the text is cut', () => {
  const text =
    'Package: a\nVersion: 1\nArchitecture: all\nDescription: x\n Package: not-this\n\nPackage: b\nVersion: 2\nArchitecture: amd64\n\n';
  for (const size of [1, 7, 64, 1000]) {
    const read = paragraphReader(debian);
    const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
    expect(pieces.flatMap(read)).toEqual([
      { name: 'a', version: '1', architecture: 'all' },
      { name: 'b', version: '2', architecture: 'amd64' },
    ]);
  }
});

test('a signed Release says what its lists have', () => {
  const hash = 'a'.repeat(64);
  const text = [
    '-----BEGIN PGP SIGNED MESSAGE-----',
    'Hash: SHA256',
    '',
    'Suite: stable',
    'Acquire-By-Hash: yes',
    'No-Support-for-Architecture-all: Packages',
    'MD5Sum:',
    ' 0123 1 main/binary-amd64/Packages',
    'SHA256:',
    ` ${hash}      123 main/binary-amd64/Packages.xz`,
    ` ${hash}      123 main/binary-all/Packages.xz`,
    '-----BEGIN PGP SIGNATURE-----',
    '',
  ].join('\n');
  expect(parseRelease(text)).toEqual({
    hashes: new Map([
      ['main/binary-amd64/Packages.xz', hash],
      ['main/binary-all/Packages.xz', hash],
    ]),
    hasHashNames: true,
    hasSeparateAll: false,
    isOffered: 'always',
  });
});

test('a list of mirrors is an address on each line; https goes first', () => {
  expect(parseMirrors('# comment\nhttp://a.example.org/os/\nhttps://b.example.org/os/\nftp://c\n').urls).toEqual([
    'https://b.example.org/os',
    'http://a.example.org/os',
  ]);
});

test.each([
  ['beginnings without an end', '<data type="primary">'],
  ['addresses without an end', '<url '],
  ['hashes without an end', '<hash type="sha256">'],
  ['lines of spaces', `SHA256:\n${' '.repeat(5000)}\n`],
  ['names without an end', '<name>'],
  ['versions without an end', '<version '],
])('a megabyte of %s takes no time', (_what, part) => {
  const text = part.repeat(2 ** 20 / part.length);
  const started = cpuTime();
  parseRelease(text);
  parseRepomd(text);
  parseMirrors(text);
  primaryReader()(`${text}</package>`);
  paragraphReader(debian)(text);
  expect(cpuTime() - started).toBeLessThan(2000);
});

test('an entry that never ends fills no memory and hides nothing that follows', () => {
  const read = primaryReader();
  for (let at = 0; at < 100; at += 1) expect(read('x'.repeat(2 ** 16))).toEqual([]);
  read('</package>');
  expect(read('<name>a</name><arch>x86_64</arch><version epoch="1" ver="2" rel="3"/></package>')).toEqual([
    { name: 'a', architecture: 'x86_64', version: '1:2-3' },
  ]);
});
