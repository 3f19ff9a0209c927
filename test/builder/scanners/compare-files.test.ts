import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readImage } from '../../../builder/confined-reader.ts';
import { lastGuard } from '../../limits.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compare-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha1 = (text: string) => `Q1${createHash('sha1').update(text).digest('base64')}`;

/** Compares the files of a folder as if it were an image's root. */
async function compare(manager: 'apk' | 'dpkg', files: Record<string, string>, signal = lastGuard()) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const call = { workspace: folder, env: { PATH: process.env.PATH ?? '' }, signal };
  const { isRecorded, ...changed } = await readImage('changed-files', { root: folder, manager }, call);
  return isRecorded ? [...changed.files, ...changed.gaps] : undefined;
}

test('apk’s records are of files and of links', async () => {
  mkdirSync(join(folder, 'bin'));
  symlinkSync('/bin/busybox', join(folder, 'bin/sh'));
  symlinkSync('/bin/other', join(folder, 'bin/ls'));
  symlinkSync('loop', join(folder, 'bin/loop'));
  const records = [
    ['bin', 'busybox', 'as it was'],
    ['bin', 'changed', 'as it was'],
    ['bin', 'gone', 'as it was'],
    ['bin', 'sh', '/bin/busybox'],
    ['bin', 'ls', '/bin/busybox'],
    ['bin', 'loop', 'as it was'],
    ['etc', 'conf', 'as it was'],
    ['usr/share/man', 'page', 'as it was'],
  ];
  const lines = records
    .map(([where, name, text = '']) => `F:${where}\nR:${name}\na:0:0:755\nZ:${sha1(text)}\n`)
    .join('');

  expect(
    await compare('apk', {
      'lib/apk/db/installed': `C:Q1x\nP:busybox\nV:1.36.1-r2\nA:x86_64\n${lines}\n`,
      'bin/busybox': 'as it was',
      'bin/changed': 'as it is',
      'etc/conf': 'mine',
    }),
  ).toEqual([
    { path: '/bin/changed', problems: ['digest'], package: 'busybox-1.36.1-r2' },
    { path: '/bin/gone', problems: ['missing'], package: 'busybox-1.36.1-r2' },
    { path: '/bin/ls', problems: ['digest'], package: 'busybox-1.36.1-r2' },
    { path: '/bin/loop', problems: ['digest'], package: 'busybox-1.36.1-r2' },
  ]);
});

test('records that name files outside of the image, and links that lead there, are of nothing', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'));
  writeFileSync(join(outside, 'file'), 'secret');
  mkdirSync(join(folder, 'usr'));
  symlinkSync(`${'../'.repeat(20)}${outside}`, join(folder, 'usr/link'));
  const digest = createHash('md5').update('secret').digest('hex');
  const paths = [`${'../'.repeat(20)}${outside}/file`, 'usr/link/file', 'usr/..', 'usr/.', ''];

  const changed = await compare('dpkg', {
    'var/lib/dpkg/status.d/a': 'Package: a\nVersion: 1\n',
    'var/lib/dpkg/status.d/a.md5sums': paths.map((path) => `${digest}  ${path}\n`).join(''),
  });
  expect(changed).toHaveLength(paths.length);
  expect(changed?.filter(({ problems }) => problems.join() !== 'missing')).toEqual([]);
  rmSync(outside, { recursive: true });
});

test('a file below a folder that became a link is followed, as dpkg does', async () => {
  mkdirSync(join(folder, 'usr/bin'), { recursive: true });
  symlinkSync('usr/bin', join(folder, 'bin'));
  const digest = createHash('md5').update('tool').digest('hex');
  const record = `${digest}  bin/tool\n`;
  expect(await compare('dpkg', { 'usr/bin/tool': 'tool', 'var/lib/dpkg/info/a.md5sums': record })).toEqual([]);
});

test('packages without a record beside others that have one are found', async () => {
  const digest = createHash('md5').update('tool').digest('hex');
  const changed = await compare('dpkg', {
    'usr/bin/tool': 'tool',
    'var/lib/dpkg/status.d/a': 'Package: a\nVersion: 1\n',
    'var/lib/dpkg/status.d/a.md5sums': `${digest}  usr/bin/tool\n`,
    'var/lib/dpkg/status.d/b': 'Package: b\nVersion: 1\n',
  });
  expect(changed).toEqual([{ path: '/var/lib/dpkg/status.d/b.md5sums', problems: ['missing'], package: 'b' }]);
});

test('a file with a hole that is longer than any disk is read for as long as the scanner may run', async () => {
  mkdirSync(join(folder, 'usr'));
  writeFileSync(join(folder, 'usr/hole'), '');
  truncateSync(join(folder, 'usr/hole'), 2 ** 42);
  const record = `${createHash('md5').update('').digest('hex')}  usr/hole\n`;
  await expect(compare('dpkg', { 'var/lib/dpkg/info/a.md5sums': record }, AbortSignal.timeout(3000))).rejects.toThrow(
    'aborted',
  );
});

test('without records there is nothing to compare with', async () => {
  expect(await compare('dpkg', { 'var/lib/dpkg/status': 'Package: a\n' })).toBeUndefined();
});
