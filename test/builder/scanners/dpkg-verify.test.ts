import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BuildLog } from '../../../builder/log.ts';
import { fileIntegrity } from '../../../builder/scanners/file-integrity.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import type { PackageList } from '../../../core/model/package-list.ts';
import { parseDpkgStatus } from '../../../core/packages/databases.ts';
import { Images } from '../images.ts';
import { FolderImage } from './folder-image.ts';
import { type ImageFiles, programFiles } from './tool-files.ts';

let images: Images;
let dpkg: ImageFiles;
beforeAll(async () => {
  images = await Images.open();
  dpkg = programFiles('/usr/bin/dpkg', '/usr/bin/dpkg-query');
});
afterAll(() => images[Symbol.asyncDispose]());

const md5 = (text: string | Buffer) => createHash('md5').update(text).digest('hex');
const original: Record<string, string> = {
  'usr/bin/hello': 'hello\n',
  'usr/bin/changed': 'as it was\n',
  'usr/bin/gone': 'gone\n',
  'etc/hello.conf': 'setting\n',
  'usr/share/doc/hello/changelog': 'news\n',
};
const status = `Package: hello
Status: install ok installed
Architecture: all
Version: 1.0-3
Conffiles:
 /etc/hello.conf ${md5('setting\n')}

Package: other
Status: install ok installed
Architecture: all
Version: 2:0.1~rc1
`;

/** A database as dpkg writes it, of packages that brought the files, and dpkg itself if it is there. */
function database(own: ImageFiles = {}): ImageFiles {
  const programs = Object.entries(own).filter(([path]) => path.startsWith('root/usr/bin/'));
  const folder = 'root/var/lib/dpkg';
  return {
    [`${folder}/status`]: status,
    [`${folder}/available`]: '',
    [`${folder}/info/format`]: '1\n',
    [`${folder}/info/hello.list`]: `/.\n${Object.keys(original)
      .map((path) => `/${path}\n`)
      .join('')}`,
    [`${folder}/info/hello.md5sums`]: Object.entries(original)
      .map(([path, text]) => `${md5(text)}  ${path}\n`)
      .join(''),
    [`${folder}/info/dpkg.list`]: '/.\n',
    [`${folder}/info/dpkg.md5sums`]: programs.map(([path, bytes]) => `${md5(bytes)}  ${path.slice(5)}\n`).join(''),
    [`${folder}/info/other.list`]: '/.\n',
    [`${folder}/info/other.md5sums`]: '',
    ...Object.fromEntries(Object.entries(original).map(([path, text]) => [`root/${path}`, text])),
  };
}

const packages: PackageList = {
  version: 1,
  contents: {
    state: 'read',
    manager: 'dpkg',
    architecture: 'all',
    packages: parseDpkgStatus(status),
    repositories: [],
  },
};

async function look(files: ImageFiles) {
  const image = await images.make({ Dockerfile: 'FROM scratch\nCOPY root/ /\n', ...files });
  return fileIntegrity({ engine: images.engine, image, packages } as ScanSubject, images.call(), {} as BuildLog);
}

/** The same without an engine. */
async function lookInFolder(files: ImageFiles) {
  using image = new FolderImage(files);
  return await fileIntegrity(
    { engine: image.engine, image: '', packages } as ScanSubject,
    image.call(),
    {} as BuildLog,
  );
}

test('files that are not as Debian’s packages brought them, in an image without a shell', async () => {
  const files: ImageFiles = {
    ...dpkg,
    ...database(dpkg),
    'root/usr/bin/changed': 'as it is\n',
    'root/etc/hello.conf': 'mine\n',
  };
  delete files['root/usr/bin/gone'];
  delete files['root/usr/share/doc/hello/changelog'];

  expect(await look(files)).toEqual({
    state: 'complete',
    tool: 'dpkg',
    findings: [
      { path: '/usr/bin/changed', problems: ['digest'], package: 'hello 1.0-3' },
      { path: '/usr/bin/gone', problems: ['missing'], package: 'hello 1.0-3' },
    ],
    total: 2,
  });
});

test('an image as its packages made it has none', async () => {
  expect(await lookInFolder({ ...dpkg, ...database(dpkg) })).toMatchObject({
    state: 'complete',
    findings: [],
    total: 0,
  });
});

test('lists of files that were removed are no pass', async () => {
  const files = { ...dpkg, ...database(dpkg) };
  delete files['root/var/lib/dpkg/info/hello.list'];
  await expect(lookInFolder(files)).rejects.toThrow("files list file for package 'hello' missing");
});

test('a dpkg that is another than its package brought is not believed: the builder compares the files itself', async () => {
  const files: ImageFiles = {
    ...dpkg,
    ...database(dpkg),
    'root/usr/bin/changed': 'as it is\n',
    'root/usr/bin/dpkg': '#!/bin/true\n',
  };

  expect(await lookInFolder(files)).toMatchObject({
    state: 'complete',
    tool: "the image's dpkg database",
    findings: [
      { path: '/usr/bin/dpkg', problems: ['digest'], package: 'dpkg' },
      { path: '/usr/bin/changed', problems: ['digest'], package: 'hello 1.0-3' },
    ],
  });
});

test('digests that were removed are found: dpkg itself finds no fault then', async () => {
  const files: ImageFiles = { ...dpkg, ...database(dpkg), 'root/usr/bin/changed': 'as it is\n' };
  delete files['root/var/lib/dpkg/info/hello.md5sums'];

  expect(await lookInFolder(files)).toMatchObject({
    state: 'complete',
    findings: [{ path: '/var/lib/dpkg/info/hello.md5sums', problems: ['missing'], package: 'hello' }],
  });
});

test('an image without dpkg, as distroless ones are, is compared with what its packages’ records say', async () => {
  const record = database();
  const folder = 'root/var/lib/dpkg';
  const [first = ''] = status.split('\n\n');
  const files: ImageFiles = {
    [`${folder}/status.d/hello`]: first,
    [`${folder}/status.d/hello.md5sums`]: record[`${folder}/info/hello.md5sums`] ?? '',
    'root/usr/bin/hello': 'hello\n',
    'root/usr/bin/changed': 'as it is\n',
    'root/etc/hello.conf': 'setting\n',
  };

  expect(await lookInFolder(files)).toEqual({
    state: 'complete',
    tool: "the image's dpkg database",
    findings: [
      { path: '/usr/bin/changed', problems: ['digest'], package: 'hello 1.0-3' },
      { path: '/usr/bin/gone', problems: ['missing'], package: 'hello 1.0-3' },
    ],
    total: 2,
  });
});

test('packages with neither a dpkg nor records are not scanned', async () => {
  expect(await look({ 'root/var/lib/dpkg/status': status })).toMatchObject({ state: 'not-applicable' });
});
