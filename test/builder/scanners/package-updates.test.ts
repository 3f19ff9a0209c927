import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listContents } from '../../../builder/packages/keep-packages.ts';
import { OutputLimitError } from '../../../builder/process.ts';
import { packageUpdates } from '../../../builder/scanners/package-updates.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import { describePackageUpdate } from '../../../core/scanners/package-updates/package-updates.ts';
import { runningCommands } from '../../running-commands.ts';
import { type PackageSite, packagesFile, putSuite, startPackageSite } from '../../services/package-site.ts';
import { busybox } from '../builder-setup.ts';
import { Images } from '../images.ts';
import { folderFiles, programFiles } from './tool-files.ts';

let images: Images;
let site: PackageSite;
/** A small system for the images of the tests. */
let base: string;
beforeAll(async () => {
  [images, site] = await Promise.all([Images.open({ BUILDAH_ISOLATION: 'chroot' }), startPackageSite()]);
  base = await images.make({
    ...busybox.files,
    Dockerfile: `${busybox.dockerfile}ENV PATH=/opt/bin:/bin\nUSER 1001\nENTRYPOINT ["/bin/false"]\n`,
  });
});
afterAll(async () => {
  await Promise.all([images[Symbol.asyncDispose](), site[Symbol.asyncDispose]()]);
});

/** Makes an image of the files on top of the small system, or another, reads what it has, and asks it. */
async function look(files: Record<string, string | Buffer>, { from = base } = {}) {
  const image = await images.make({ Dockerfile: `FROM ${from}\nCOPY root/ /\n`, ...files });
  const call = images.call();
  const { engine } = images;
  const configuration = Promise.resolve({ labels: {}, path: '/opt/bin:/bin' });
  const contents = await listContents({ engine, image, configuration, call });
  // The rest of a subject is for others.
  return packageUpdates({ engine, image, ...contents } as unknown as ScanSubject, call, undefined as never);
}

const status = (versions: Record<string, string>) =>
  Object.entries(versions)
    .map(
      ([name, version]) => `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\nArchitecture: amd64\n`,
    )
    .join('\n');

describe('the real apt', () => {
  let apt: { from: string };
  beforeAll(async () => {
    const files = {
      ...programFiles(
        ...['apt', 'apt-get', 'dpkg'].map((name) => `/usr/bin/${name}`),
        ...['http', 'store', 'copy', 'file'].map((name) => `/usr/lib/apt/methods/${name}`),
      ),
      ...folderFiles('/usr/share/dpkg'),
      'root/etc/apt/apt.conf': 'APT::Architecture "amd64";\nAPT::Architectures "amd64";\n',
      'root/var/lib/dpkg/status': status({ hello: '1.0-1', kept: '2:1.0', newest: '3.0' }),
      'root/var/lib/apt/lists/empty': '',
      'root/var/cache/apt/archives/empty': '',
      'root/tmp/empty': '',
      'root/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    };
    apt = { from: await images.make({ Dockerfile: `FROM ${base}\nCOPY root/ /\n`, ...files }) };
  });
  const source = (suite: string) => `deb [trusted=yes] ${site.url}/debian ${suite} main\n`;
  const publish = (suite: string, versions: Record<string, string>) => {
    const packages = packagesFile(versions).replaceAll(
      /^Version: .*$/gm,
      '$&\nFilename: pool/x.deb\nSize: 1\nSHA256: 0',
    );
    const lists = { 'main/binary-amd64/Packages': Buffer.from(packages) };
    putSuite(site, `/debian/dists/${suite}`, lists, [`Suite: ${suite}`, `Codename: ${suite}`]);
  };

  test('says what would be updated, where from, and what of it is of security', async () => {
    publish('stable', { hello: '1.1-1', newest: '2.0' });
    publish('stable-security', { hello: '1.2-1', kept: '2:1.0+deb12u1' });
    const report = await look({ 'root/etc/apt/sources.list': source('stable') + source('stable-security') }, apt);

    expect(report).toEqual({
      state: 'complete',
      tool: 'apt',
      findings: [
        { name: 'hello', installed: '1.0-1', available: '1.2-1', repository: 'stable-security', security: true },
        { name: 'kept', installed: '2:1.0', available: '2:1.0+deb12u1', repository: 'stable-security', security: true },
      ],
    });
    expect(report.findings[0] && describePackageUpdate(report.findings[0]).sentence).toBe(
      'hello 1.0-1 has a security update to 1.2-1',
    );
  });

  test('has nothing to say where all is as new as the repositories are', async () => {
    publish('stable', { hello: '1.0-1', newest: '3.0' });
    const report = await look({ 'root/etc/apt/sources.list': source('stable') }, apt);
    expect(report).toMatchObject({ state: 'complete', findings: [] });
  });

  test('fails where one of its repositories does not answer', async () => {
    publish('stable', { hello: '2.0-1' });
    const missing = look({ 'root/etc/apt/sources.list': source('stable') + source('missing') }, apt);
    await expect(missing).rejects.toThrow(/^apt-get ended with 100: E: Failed to fetch .*missing.* 404/);
  });

  test('fails where it knows no repository: that is not the same as no update', async () => {
    await expect(look({ 'root/etc/apt/sources.list': '# none\n' }, apt)).rejects.toThrow('apt knows no repository');
  });
});

describe('an image without', () => {
  test('packages has nothing to scan', async () => {
    expect(await look({ 'root/file': '' })).toMatchObject({ state: 'not-applicable', findings: [] });
  });

  test('a package manager for its packages neither', async () => {
    expect(await look({ 'root/var/lib/dpkg/status': status({ hello: '1' }) })).toEqual({
      state: 'not-applicable',
      reason: 'The image has packages, and no package manager that could update them (apt).',
      findings: [],
    });
  });

  test('a database that can be read fails', async () => {
    const report = await look({ 'root/var/lib/rpm/rpmdb.sqlite': 'SQLite format 3\0'.padEnd(5000, 'x') });
    expect(report).toMatchObject({ state: 'failed', findings: [], reason: expect.stringContaining('not known') });
  });

  test('a shell to ask in fails', async () => {
    const report = await look({
      Dockerfile: 'FROM scratch\nCOPY root/ /\n',
      'root/usr/bin/apt': '#!/bin/sh\n',
      'root/var/lib/dpkg/status': status({ hello: '1' }),
    });
    expect(report).toMatchObject({ state: 'failed', reason: expect.stringContaining('no shell') });
  });
});

describe('a package manager that was made to harm', () => {
  const page = '<html><script>alert(1)</script>';
  /** An image whose `apt-get` and `apt` are this script. */
  const lying = (script: string) =>
    look({
      'root/var/lib/dpkg/status': status({ hello: '1' }),
      'root/usr/bin/apt-get': `#!/bin/sh\n${script}\n`,
      'root/usr/bin/apt': `#!/bin/sh\n${script}\n`,
    });

  test.each([
    [`printf '${page}\\n'`, `none of its forms: ${page}`],
    ["printf '\\033[2J\\033]0;x\\007all is up to date\\n'", '\\u001b[2J'],
    ['echo "hello/stable 2 amd64 [upgradable from: 1]"; echo "hello/stable"', 'none of its forms: hello/stable'],
  ])('and exits 0 with garbage fails: %s', async (script, words) => {
    await expect(lying(script)).rejects.toThrow(words);
  });

  test('and knows how answers are distinguished cannot pass for one that was not queried', async () => {
    await expect(lying('printf "\\n$1 0\\n"; cat /proc/$PPID/cmdline; kill -9 $PPID')).rejects.toThrow(/ended with/);
  });

  test('and prints a gigabyte is stopped, and its time is not waited for', async () => {
    await expect(lying('yes 8644')).rejects.toThrow(OutputLimitError);
    await expect.poll(runningCommands).not.toMatch(/^yes 8644$/m);
  });

  test('has neither the builder’s environment nor its files', async () => {
    const given = lying('echo $(id -u) $HOME $LC_ALL $(ls -d /work /root/.cache 2>/dev/null) >&2; exit 7');
    await expect(given).rejects.toThrow(/ended with 7: 0 \/root C$/);
  });
});
