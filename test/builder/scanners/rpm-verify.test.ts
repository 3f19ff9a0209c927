import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BuildLog } from '../../../builder/log.ts';
import { fileIntegrity } from '../../../builder/scanners/file-integrity.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import type { PackageList } from '../../../core/model/package-list.ts';
import { Images } from '../images.ts';
import { FolderImage } from './folder-image.ts';
import { folderFiles, hasPrograms, type ImageFiles, programFiles } from './tool-files.ts';

/** A package with a file for every way in which one can be changed. */
const spec = `
Name: hello
Epoch: 2
Version: 1.0
Release: 3
Summary: a test
License: MIT
Vendor: The Vendor
BuildArch: noarch
AutoReqProv: no
Requires: what-no-image-has
%define __os_install_post %{nil}
%define _binaries_in_noarch_packages_terminate_build 0
%description
A test.
%verifyscript
echo "a script of the package ran"
exit 1
%install
cd %{buildroot}
mkdir -p usr/bin usr/lib/hello etc usr/share/doc/hello usr/share/licenses/hello var/lib/hello dev
for each in hello gone mode owner same; do echo as it was > usr/bin/$each; done
echo setting > etc/hello.conf
echo news > usr/share/doc/hello/NEWS
echo read > usr/share/doc/hello/README
echo terms > usr/share/licenses/hello/LICENSE
echo state > var/lib/hello/state
ln -s hello usr/bin/link
cp /usr/bin/rpm usr/bin/rpm
echo x > "usr/lib/hello/a b"
%files
/usr/bin/hello
/usr/bin/gone
/usr/bin/mode
/usr/bin/owner
/usr/bin/same
/usr/bin/link
%attr(755, root, root) /usr/bin/rpm
/usr/lib/hello
%config(noreplace) /etc/hello.conf
%doc /usr/share/doc/hello/NEWS
%doc /usr/share/doc/hello/README
%license /usr/share/licenses/hello/LICENSE
/var/lib/hello/state
`;

const packages: PackageList = {
  version: 1,
  contents: {
    state: 'read',
    manager: 'rpm',
    architecture: 'noarch',
    packages: [{ name: 'hello', version: '2:1.0-3', architecture: 'noarch' }],
    repositories: [],
  },
};

describe.skipIf(!hasPrograms('/usr/bin/rpm', '/usr/bin/rpmbuild'))('an image of rpm packages', () => {
  let images: Images;
  let folder: string;
  let base: ImageFiles;
  beforeAll(async () => {
    images = await Images.open();
    folder = mkdtempSync(join(tmpdir(), 'rpm-verify-'));
    writeFileSync(join(folder, 'hello.spec'), spec);
    execFileSync(
      '/usr/bin/rpmbuild',
      ['-bb', '--quiet', `--define=_topdir ${folder}/top`, join(folder, 'hello.spec')],
      {
        stdio: 'ignore',
      },
    );
    const [file = ''] = readdirSync(join(folder, 'top/RPMS/noarch'));
    execFileSync('/usr/bin/rpm', [
      `--root=${folder}/root`,
      '--dbpath=/var/lib/rpm',
      '--install',
      '--nodeps',
      '--force-debian',
      join(folder, 'top/RPMS/noarch', file),
    ]);
    base = {
      ...programFiles('/usr/bin/rpm', '/bin/chmod', '/bin/chown', '/bin/rm'),
      ...folderFiles('/usr/lib/rpm'),
      ...folderFiles(join(folder, 'root'), '/'),
      // Debian's keeps its database in the home of whoever calls it.
      'root/etc/rpm/macros': '%_dbpath /var/lib/rpm\n',
    };
  });
  afterAll(async () => {
    await images[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function look(changes: ImageFiles, steps: string[][] = []) {
    const lines = [
      'FROM scratch',
      'COPY root/ /',
      'RUN ["/bin/chmod", "644", "/usr/bin/hello", "/usr/bin/gone", "/usr/bin/mode", "/usr/bin/owner", "/usr/bin/same"]',
      ...steps.map((step) => `RUN ${JSON.stringify(step)}`),
    ];
    const image = await images.make({ Dockerfile: lines.join('\n'), ...base, ...changes });
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

  test('files that are not as the packages brought them, each with what is wrong, its package and who made that', async () => {
    const found = await look(
      {
        'root/usr/bin/hello': 'changed',
        'root/etc/hello.conf': 'mine\n',
        'root/usr/share/doc/hello/README': 'changed\n',
        'root/var/lib/hello/state': 'changed\n',
        'root/usr/lib/hello/a b': 'y\n',
      },
      [
        ['/bin/rm', '/usr/bin/gone', '/usr/share/doc/hello/NEWS', '/usr/share/licenses/hello/LICENSE'],
        ['/bin/chmod', '4755', '/usr/bin/mode'],
        ['/bin/chown', '5:6', '/usr/bin/owner'],
      ],
    );

    const origin = { package: 'hello-2:1.0-3', vendor: 'The Vendor' };
    expect(found).toMatchObject({ state: 'complete', tool: 'rpm', total: 7 });
    expect(found.findings).toEqual([
      { path: '/usr/bin/gone', problems: ['missing'], ...origin },
      { path: '/usr/bin/hello', problems: ['size', 'digest'], ...origin },
      // The link became a copy of what it leads to.
      { path: '/usr/bin/link', problems: ['size', 'mode', 'digest'], ...origin },
      { path: '/usr/bin/mode', problems: ['mode'], ...origin },
      { path: '/usr/bin/owner', problems: ['user', 'group'], ...origin },
      { path: '/usr/lib/hello/a b', problems: ['digest'], ...origin },
      { path: '/usr/share/doc/hello/README', problems: ['size', 'digest'], kind: 'documentation', ...origin },
    ]);
  });

  test('an rpm that is another than its package brought is not believed: the builder compares the files itself', async () => {
    const found = await lookInFolder({ ...base, 'root/usr/bin/rpm': '#!/bin/true\n', 'root/usr/bin/hello': 'changed' });
    expect(found).toMatchObject({ state: 'complete', tool: "the image's rpm database" });
    expect(found.findings.map(({ path }) => path)).toEqual(['/usr/bin/hello', '/usr/bin/link', '/usr/bin/rpm']);
  });

  test('an image without rpm is compared with what its database says', async () => {
    const files = { ...base };
    for (const path of Object.keys(base)) {
      if (!/^root\/(?:usr\/(?:bin\/(?:hello|mode|owner|same)$|lib\/hello|share\/doc)|var|etc\/hello)/.test(path))
        delete files[path];
    }
    const changed = {
      'root/usr/bin/hello': 'changed',
      'root/etc/hello.conf': 'mine',
      'root/var/lib/hello/state': 'new',
    };

    const origin = { package: 'hello-2:1.0-3', vendor: 'The Vendor' };
    expect(await lookInFolder({ ...files, ...changed })).toEqual({
      state: 'complete',
      tool: "the image's rpm database",
      findings: [
        { path: '/usr/bin/gone', problems: ['missing'], ...origin },
        { path: '/usr/bin/hello', problems: ['digest'], ...origin },
        { path: '/usr/bin/link', problems: ['missing'], ...origin },
        { path: '/usr/bin/rpm', problems: ['missing'], ...origin },
      ],
      total: 4,
    });
  });

  test('a database that cannot be read any more is no pass', async () => {
    await expect(lookInFolder({ ...base, 'root/var/lib/rpm/rpmdb.sqlite': 'no database' })).rejects.toThrow(
      'file is not a database',
    );
  });
});
