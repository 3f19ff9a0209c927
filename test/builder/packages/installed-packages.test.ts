import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listContents } from '../../../builder/packages/keep-packages.ts';
import type { PackageList } from '../../../core/model/package-list.ts';
import { BuilderSetup, busybox } from '../builder-setup.ts';
import { FolderImage } from '../scanners/folder-image.ts';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
});
afterAll(() => setup[Symbol.asyncDispose]());

const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u10

Package: tzdata
Status: hold ok installed
Architecture: all
Version: 2024a-0+deb12u1

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
`;

test('an image of one layer without a shell: its packages, its distribution and where its updates come from', async () => {
  const { packages, log, code } = await setup.build({
    Dockerfile: 'FROM scratch\nCOPY root/ /\n',
    'root/var/lib/dpkg/status': status,
    'root/usr/lib/os-release': 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\n',
    'root/etc/apt/sources.list.d/debian.sources':
      'Types: deb deb-src\nURIs: http://deb.debian.org/debian/\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k\n',
  });

  expect(code, log).toBe(0);
  expect(packages).toEqual({
    version: 1,
    distribution: { id: 'debian', version: '12' },
    contents: {
      state: 'read',
      manager: 'dpkg',
      architecture: 'amd64',
      packages: [
        {
          name: 'libc6',
          version: '2.36-9+deb12u10',
          architecture: 'amd64',
          source: { name: 'glibc', version: '2.36-9+deb12u10' },
        },
        { name: 'tzdata', version: '2024a-0+deb12u1', architecture: 'all', held: true },
      ],
      repositories: [
        { type: 'apt', url: 'http://deb.debian.org/debian', suite: 'bookworm', components: ['main'] },
        { type: 'apt', url: 'http://deb.debian.org/debian', suite: 'bookworm-updates', components: ['main'] },
      ],
    },
  });
  expect(log).toContain('2 (dpkg, debian 12), 2 repositories');
});

/** The packages in a folder that stands for an image. */
async function packagesIn(image: FolderImage): Promise<PackageList> {
  const configuration = Promise.resolve({ labels: {}, path: '' });
  const { engine } = image;
  return (await listContents({ engine, image: 'image', configuration, call: image.call() })).packages;
}

test('links in an image that lead to the machine’s own files lead nowhere', async () => {
  using image = new FolderImage({ 'root/lib/apk/db/none': '', 'root/var/lib/none': '', 'root/etc/apk/none': '' });
  const link = (target: string, path: string) => symlinkSync(target, join(image.folder, path));
  link('/../../../../var/lib/dpkg', 'var/lib/dpkg');
  link('../../../../../../../../../../etc/os-release', 'etc/os-release');
  link('loop', 'etc/apk/loop');
  link('loop', 'etc/apk/world');
  execFileSync('mkfifo', [join(image.folder, 'etc/apk/repositories')]);

  expect(await packagesIn(image)).toEqual({ version: 1, contents: { state: 'none' } });
});

test('a link within the image is followed as a container would', async () => {
  using image = new FolderImage({
    'root/usr/share/apk/db/installed':
      'P:musl\nV:1.2.5-r0\nA:x86_64\no:musl\n\nP:libcrypto3\nV:3.3.1-r0\nA:x86_64\no:openssl\n\nP:nginx\nV:1.26.0-r0\nA:x86_64\n',
    'root/usr/lib/os-release': 'ID=alpine\nVERSION_ID=3.20.0\n',
    'root/etc/apk/arch': 'x86_64\n',
    'root/etc/apk/repositories':
      'https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n#https://a.example.org/x\n@edge https://dl-cdn.alpinelinux.org/alpine/edge/main\n/local/path\n',
    'root/etc/apk/world': 'musl\nnginx=1.26.0-r0\n',
  });
  symlinkSync('/usr/share/apk', join(image.folder, 'usr/lib/apk'));
  symlinkSync('usr/lib', join(image.folder, 'lib'));
  symlinkSync('../usr/lib/os-release', join(image.folder, 'etc/os-release'));

  expect(await packagesIn(image)).toEqual({
    version: 1,
    distribution: { id: 'alpine', version: '3.20.0' },
    contents: {
      state: 'read',
      manager: 'apk',
      architecture: 'x86_64',
      packages: [
        { name: 'musl', version: '1.2.5-r0', architecture: 'x86_64' },
        {
          name: 'libcrypto3',
          version: '3.3.1-r0',
          architecture: 'x86_64',
          source: { name: 'openssl', version: '3.3.1-r0' },
        },
        { name: 'nginx', version: '1.26.0-r0', architecture: 'x86_64', held: true },
      ],
      repositories: [{ type: 'apk', url: 'https://dl-cdn.alpinelinux.org/alpine/v3.20/main' }],
    },
  });
});

test('a database that is too large makes the list unreadable', async () => {
  using image = new FolderImage({ 'root/var/lib/dpkg/status': '' });
  truncateSync(join(image.folder, 'var/lib/dpkg/status'), 100 * 2 ** 20);

  const { contents } = await packagesIn(image);
  expect(contents).toEqual({ state: 'unreadable', reason: expect.stringContaining('larger than') });
});

test('an rpm database that is none, with an rpm in the image that says what it likes, fails no build', async () => {
  const { packages, result, log } = await setup.build({
    ...busybox.files,
    Dockerfile: `${busybox.dockerfile}RUN mkdir -p /var/lib/rpm /usr/bin && echo x > /var/lib/rpm/Packages\nCOPY --chmod=755 rpm /usr/bin/rpm\n`,
    rpm: '#!/bin/sh\nset -- $(wc -l < /proc/net/dev)\nprintf "net$1\\t(none)\\t1.0\\t1\\tx86_64\\tnet-1.0-1.src.rpm\\nevil name\\t(none)\\t1\\t1\\tx\\t\\n"\n',
  });

  expect(result.outcome, log).toBe('built');
  // The two heading lines and `lo`: the command had no network.
  expect(packages?.contents).toMatchObject({
    state: 'read',
    manager: 'rpm',
    packages: [{ name: 'net3', version: '1.0-1', architecture: 'x86_64' }],
  });
});

test('an image without a package manager says so, and reading it leaves no container and no mount behind', async () => {
  const { packages, result } = await setup.build({ Dockerfile: 'FROM scratch\nCOPY file /\n', file: 'text' });

  expect(result.outcome).toBe('built');
  expect(packages).toEqual({ version: 1, contents: { state: 'none' } });
  expect(readdirSync(setup.temporary)).toEqual([]);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(setup.home);
  // Docker keeps its containers elsewhere.
  if (result.outcome === 'built' && result.engine.startsWith('BuildKit')) return;
  const stores = readdirSync(join(setup.home, '.cache/slipway/containers'), {
    recursive: true,
    encoding: 'utf8',
  }).filter((path) => path.endsWith('/containers.json'));
  expect(stores).not.toEqual([]);
  for (const store of stores)
    expect(JSON.parse(readFileSync(join(setup.home, '.cache/slipway/containers', store), 'utf8'))).toEqual([]);
});
