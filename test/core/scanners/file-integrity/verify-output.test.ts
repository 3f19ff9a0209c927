import { expect, test } from 'vitest';
import type { ChangedFile } from '../../../../core/scanners/file-integrity/file-integrity.ts';
import { counts } from '../../../../core/scanners/file-integrity/ignored-files.ts';
import {
  parseApkAudit,
  parseDebsums,
  parseDpkgVerify,
  parseRpmVerify,
} from '../../../../core/scanners/file-integrity/verify-output.ts';

const file = (path: string, ...problems: ChangedFile['problems']) => ({ path, problems });

test.each<[line: string, found: ChangedFile]>([
  ['S.5....T.    /usr/bin/hello', file('/usr/bin/hello', 'size', 'digest', 'time')],
  [
    'SM5DLUGTP    /usr/bin/x',
    file('/usr/bin/x', 'size', 'mode', 'digest', 'device', 'link', 'user', 'group', 'time', 'capabilities'),
  ],
  ['S.5....T  c /etc/rpm-4.4.conf', { ...file('/etc/rpm-4.4.conf', 'size', 'digest', 'time'), kind: 'config' }],
  ['S.5....T.  c /etc/hello.conf', { ...file('/etc/hello.conf', 'size', 'digest', 'time'), kind: 'config' }],
  ['.M.......  g /var/lib/x', { ...file('/var/lib/x', 'mode'), kind: 'ghost' }],
  [
    'S.5....T.  d /usr/share/doc/hello/README',
    { ...file('/usr/share/doc/hello/README', 'size', 'digest', 'time'), kind: 'documentation' },
  ],
  ['missing   l /usr/share/licenses/x', { ...file('/usr/share/licenses/x', 'missing'), kind: 'licence' }],
  ['missing   r /usr/share/x/README', { ...file('/usr/share/x/README', 'missing'), kind: 'readme' }],
  ['.......T.  a /usr/lib/.build-id/x', file('/usr/lib/.build-id/x', 'time')],
  ['missing     /usr/bin/bye', file('/usr/bin/bye', 'missing')],
  ['missing     /root/x (Permission denied)', file('/root/x', 'unreadable')],
  ['..?......    /usr/sbin/secret', file('/usr/sbin/secret', 'unreadable')],
  ['S.?....T.    /usr/sbin/secret', file('/usr/sbin/secret', 'size', 'time', 'unreadable')],
  ['....L....    /usr/bin/with  two spaces', file('/usr/bin/with  two spaces', 'link')],
])('rpm: %j', (line, found) => {
  expect(parseRpmVerify(`${line}\n`)).toEqual({ files: [found] });
});

test('rpm’s complaints about dependencies are none about files', () => {
  const text =
    'Unsatisfied dependencies for hello-1.0-3.noarch:\n\tx is needed by (installed) hello-1.0-3.noarch\n\ty conflicts with z\n..5......    /a\n';
  expect(parseRpmVerify(text)).toEqual({ files: [file('/a', 'digest')] });
});

test.each([
  'hello',
  '<html>',
  '\tindented',
  'S.5....T.   relative/path',
  'X.5....T.    /usr/bin/x',
  'S.5....T.P    /usr/bin/x',
  'missing',
  'missing     ',
  '\u001b[31m..5......    /usr/bin/x',
])('%j is none of rpm’s lines', (line) => {
  expect(parseRpmVerify(`..5......    /a\n${line}\n..5......    /b\n`)).toEqual({
    files: [file('/a', 'digest'), file('/b', 'digest')],
    oddLine: line,
  });
});

test.each<[line: string, found: ChangedFile]>([
  ['??5??????   /bin/ls', file('/bin/ls', 'digest')],
  ['??5?????? c /etc/debian_version', { ...file('/etc/debian_version', 'digest'), kind: 'config' }],
  ['missing     /usr/bin/tee', file('/usr/bin/tee', 'missing')],
  ['missing   c /etc/issue', { ...file('/etc/issue', 'missing'), kind: 'config' }],
  ['?M5??????   /usr/bin/x', file('/usr/bin/x', 'mode', 'digest')],
])('dpkg: %j', (line, found) => {
  expect(parseDpkgVerify(line)).toEqual({ files: [found] });
});

test('apk: what it prints of each kind of change, as `apk audit` of 2.14.9 does', () => {
  const text =
    'm usr/lib/x/\nU bin/hello\nU bin/link\nM bin/mode\nx bin/caps\ne bin/error\nX bin/bye\nA etc/new\nd srv/\nD opt/\n';
  expect(parseApkAudit(text)).toEqual({
    files: [
      file('/usr/lib/x', 'mode'),
      file('/bin/hello', 'digest'),
      file('/bin/link', 'digest'),
      file('/bin/mode', 'mode'),
      file('/bin/caps', 'capabilities'),
      file('/bin/error', 'unreadable'),
      file('/bin/bye', 'missing'),
    ],
  });
  expect(parseApkAudit('Q bin/x').oddLine).toBe('Q bin/x');
  expect(parseApkAudit('ERROR: no').oddLine).toBe('ERROR: no');
});

test('debsums: paths alone', () => {
  expect(parseDebsums('/usr/bin/hello\nno path\n')).toEqual({
    files: [file('/usr/bin/hello', 'digest')],
    oddLine: 'no path',
  });
});

test.each<[says: boolean, found: ChangedFile]>([
  [true, file('/usr/bin/passwd', 'digest')],
  [true, file('/usr/bin/passwd', 'missing')],
  [true, file('/usr/bin/passwd', 'time', 'mode')],
  [true, file('/usr/share/doc/x', 'digest')],
  [true, file('/running', 'digest')],
  [true, file('/variable/x', 'digest')],
  [true, file('/usr/lib/udev/hwdb.d/20-OUI.hwdb', 'digest')],
  [true, { ...file('/usr/x/README', 'digest'), kind: 'documentation' }],
  [false, file('/usr/bin/passwd', 'time')],
  [false, file('/', 'mode')],
  [false, file('/var/lib/x', 'missing')],
  [false, file('/run', 'mode')],
  [false, file('/proc', 'mode')],
  [false, file('/dev/pts', 'mode')],
  [false, file('/etc/resolv.conf', 'size', 'digest')],
  [false, { ...file('/etc/x', 'digest'), kind: 'config' }],
  [false, { ...file('/usr/x', 'mode'), kind: 'ghost' }],
  [false, file('/usr/lib/udev/hwdb.d/20-OUI.hwdb', 'missing')],
  [false, file('/usr/share/man/man1/bash.1.gz', 'missing')],
  [false, file('/usr/share/locale/de/LC_MESSAGES', 'missing')],
  [false, { ...file('/usr/x/README', 'missing'), kind: 'documentation' }],
  [false, { ...file('/usr/x/COPYING', 'missing'), kind: 'licence' }],
])('counts: %s for %j', (says, found) => {
  expect(counts(found)).toBe(says);
});
