import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BuilderSetup, busybox } from '../builder-setup.ts';

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

test('an image without a package manager says so', async () => {
  const { packages, result } = await setup.build({ Dockerfile: 'FROM scratch\nCOPY file /\n', file: 'text' });

  expect(result.outcome).toBe('built');
  expect(packages).toEqual({ version: 1, contents: { state: 'none' } });
});

test('links in an image that lead to the machine’s own files lead nowhere', async () => {
  const { packages } = await setup.build({
    ...busybox.files,
    Dockerfile: [
      busybox.dockerfile,
      'RUN mkdir -p /var/lib /lib/apk/db /etc/apk && ln -s /../../../../var/lib/dpkg /var/lib/dpkg',
      'RUN ln -s ../../../../../../../../../../etc/os-release /etc/os-release && mkfifo /etc/apk/repositories',
      'RUN ln -s loop /etc/apk/loop && ln -s loop /etc/apk/world',
    ].join('\n'),
  });

  expect(packages).toEqual({ version: 1, contents: { state: 'none' } });
});

test('a link within the image is followed as a container would', async () => {
  const { packages } = await setup.build({
    ...busybox.files,
    Dockerfile: [
      busybox.dockerfile,
      'RUN mkdir -p /usr/lib /etc /usr/share/apk && ln -s /usr/share/apk /usr/lib/apk && mkdir /usr/share/apk/db',
      'COPY installed /usr/share/apk/db/installed',
      'COPY os-release /usr/lib/os-release',
      'RUN ln -s ../usr/lib/os-release /etc/os-release && mkdir /etc/apk && echo x86_64 > /etc/apk/arch',
      'COPY repositories world /etc/apk/',
    ].join('\n'),
    installed:
      'P:musl\nV:1.2.5-r0\nA:x86_64\no:musl\n\nP:libcrypto3\nV:3.3.1-r0\nA:x86_64\no:openssl\n\nP:nginx\nV:1.26.0-r0\nA:x86_64\n',
    'os-release': 'ID=alpine\nVERSION_ID=3.20.0\n',
    repositories:
      'https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n#https://a.example.org/x\n@edge https://dl-cdn.alpinelinux.org/alpine/edge/main\n/local/path\n',
    world: 'musl\nnginx=1.26.0-r0\n',
  });

  expect(packages).toEqual({
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

test('a database that is too large makes the list unreadable and fails no build', async () => {
  const { packages, result } = await setup.build({
    ...busybox.files,
    Dockerfile: `${busybox.dockerfile}RUN mkdir -p /var/lib/dpkg && truncate -s 100M /var/lib/dpkg/status\n`,
  });

  expect(result.outcome).toBe('built');
  expect(packages?.contents).toEqual({ state: 'unreadable', reason: expect.stringContaining('larger than') });
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

test('reading the packages leaves no container and no mount behind', async () => {
  const { result } = await setup.build({ Dockerfile: 'FROM scratch\nCOPY file /\n', file: 'more text' });

  expect(result.outcome).toBe('built');
  expect(readdirSync(setup.temporary)).toEqual([]);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(setup.home);
  const stores = readdirSync(join(setup.home, '.cache/slipway/containers'), {
    recursive: true,
    encoding: 'utf8',
  }).filter((path) => path.endsWith('/containers.json'));
  expect(stores).not.toEqual([]);
  for (const store of stores)
    expect(JSON.parse(readFileSync(join(setup.home, '.cache/slipway/containers', store), 'utf8'))).toEqual([]);
});
