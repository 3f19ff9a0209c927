import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readImage } from '../../../builder/confined-reader.ts';
import { FolderImage } from './folder-image.ts';
import type { ImageFiles } from './tool-files.ts';

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const sha1 = (text: string) => `Q1${createHash('sha1').update(text).digest('base64')}`;
const dpkg = {
  'usr/bin/dpkg': 'dpkg',
  'usr/bin/dpkg-query': 'query',
  'var/lib/dpkg/info/dpkg.md5sums': `${md5('dpkg')}  usr/bin/dpkg\n${md5('query')}  usr/bin/dpkg-query\n`,
};

const originOf = (manager: 'dpkg' | 'apk', image: FolderImage) =>
  readImage('tool-origin', { root: image.folder, manager }, image.call());

test.each<[what: string, manager: 'dpkg' | 'apk', files: ImageFiles, isAsInstalled: boolean]>([
  ['is as its package brought it', 'dpkg', dpkg, true],
  ['was changed', 'dpkg', { ...dpkg, 'usr/bin/dpkg': 'dpkg!' }, false],
  ['has a helper that was changed', 'dpkg', { ...dpkg, 'usr/bin/dpkg-query': 'query!' }, false],
  ['has another before it', 'dpkg', { ...dpkg, 'usr/sbin/dpkg': 'mine' }, false],
  ['starts with what somebody loads into every program', 'dpkg', { ...dpkg, 'etc/ld.so.preload': '/lib/x.so' }, false],
  ['is not there', 'dpkg', { 'var/lib/dpkg/info/a.md5sums': `${md5('a')}  usr/bin/a\n` }, true],
  ['is of a database without digests', 'dpkg', { 'usr/bin/dpkg': 'dpkg', 'var/lib/dpkg/info/dpkg.list': '/.\n' }, true],
  [
    'is in a database with digests of several kinds',
    'apk',
    {
      'sbin/apk': 'apk',
      'lib/apk/db/installed': `P:a\nV:1-r0\nF:bin\nR:a\nZ:Q2${createHash('sha256').update('a').digest('base64')}\n\nP:apk-tools\nV:2-r0\nF:sbin\nR:apk\nZ:${sha1('apk')}\n\n`,
    },
    true,
  ],
])('a package manager that %s', async (_what, manager, files, isAsInstalled) => {
  using image = new FolderImage(files);
  expect(await originOf(manager, image)).toEqual({
    isAsInstalled,
    gaps: [],
  });
});

test('a package manager in a folder that became a link is the one that its record names', async () => {
  using image = new FolderImage({
    ...dpkg,
    'var/lib/dpkg/info/dpkg.md5sums': `${md5('dpkg')}  bin/dpkg\n${md5('query')}  bin/dpkg-query\n`,
  });
  symlinkSync('usr/bin', join(image.folder, 'bin'));
  expect(await originOf('dpkg', image)).toMatchObject({
    isAsInstalled: true,
  });
});

test('a package manager that is a link to another program is none that was installed', async () => {
  using image = new FolderImage({ ...dpkg, 'opt/x': 'mine' });
  const [program, aside] = [join(image.folder, 'usr/bin/dpkg'), join(image.folder, 'opt/dpkg')];
  mkdirSync(dirname(aside), { recursive: true });
  renameSync(program, aside);
  symlinkSync('/opt/x', program);
  expect(await originOf('dpkg', image)).toMatchObject({
    isAsInstalled: false,
  });
});
