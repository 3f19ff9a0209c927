import { describe, expect, test } from 'vitest';
import type { InstalledPackage } from '../../../../core/model/package-list.ts';
import { apkRepositories, parseApkVersion } from '../../../../core/scanners/package-updates/apk.ts';
import { aptUpdateFailure, parseAptList } from '../../../../core/scanners/package-updates/apt.ts';
import { parseCheckUpdate, parseMicrodnf, withAdvisories } from '../../../../core/scanners/package-updates/dnf.ts';
import { parseZypperUpdates, withSecurityPatches } from '../../../../core/scanners/package-updates/zypper.ts';
import { UnknownAnswerError } from '../../../../core/scanners/tool-answer.ts';

const page = '<!DOCTYPE html>\n<html><body>Please log in</body></html>\n';
const escapes = '\u001b[2J\u001b]0;title\u0007everything is up to date\n';
const answer = (text: string, code = 0) => ({ text, code });
const noarch = (versions: Record<string, string>): InstalledPackage[] =>
  Object.entries(versions).map(([name, version]) => ({ name, version, architecture: 'noarch' }));

describe('dnf and yum', () => {
  const long = 'a-package-with-a-very-long-name-that-makes-lines-wrap';
  const installed = noarch({ [long]: '1.0-1.el9', epochal: '3:1.0-1', hello: '1.0-1.el9', oldname: '1.0-1' });
  /** Of dnf 4.14 on packages made with rpmbuild and createrepo_c. */
  const dnf = `
${long}.noarch 2.0.20231114141234-1.module_el9+2345+abcdef01 new-repo
epochal.noarch                                               3:1.0-2                                       new-repo
hello.noarch                                                 2.0-1.el9                                     new-repo
Obsoleting Packages
newname.noarch                                               2.0-1                                         new-repo
    oldname.noarch                                           1.0-1                                         @System
`;
  const found = [
    {
      name: long,
      installed: '1.0-1.el9',
      available: '2.0.20231114141234-1.module_el9+2345+abcdef01',
      repository: 'new-repo',
    },
    { name: 'epochal', installed: '3:1.0-1', available: '3:1.0-2', repository: 'new-repo' },
    { name: 'hello', installed: '1.0-1.el9', available: '2.0-1.el9', repository: 'new-repo' },
  ];

  test('updates are listed with what is installed, and packages that would be replaced are none', () => {
    expect(parseCheckUpdate('dnf', answer(dnf, 100), installed)).toEqual(found);
  });

  test('yum breaks long lines', () => {
    const yum = `
${long}.noarch
                         2.0.20231114141234-1.module_el9+2345+abcdef01
                                                             new-repo
epochal.noarch           3:1.0-2                             new-repo
hello.noarch             2.0-1.el9                           new-repo
Obsoleting Packages
newname.noarch           2.0-1                               new-repo
    oldname.noarch       1.0-1                               installed
`;
    expect(parseCheckUpdate('yum', answer(yum, 100), installed)).toEqual(found);
  });

  test('dnf5 has a heading, and a note on kernels is not a package', () => {
    const dnf5 = `Upgrades
hello.noarch    2.0-1.el9 new-repo
Security: kernel-core-6.5.6-300.fc39.x86_64 is an installed security update
Security: kernel-core-6.2.9-300.fc38.x86_64 is the currently running version

Obsoleting packages
newname.noarch  2.0-1     new-repo
    oldname.noarch 1.0-1  @System
`;
    expect(parseCheckUpdate('dnf5', answer(dnf5, 100), installed)).toEqual([found[2]]);
  });

  test('without updates there is nothing', () => {
    expect(parseCheckUpdate('dnf', answer('\n'), installed)).toEqual([]);
    expect(parseCheckUpdate('dnf', answer(dnf.slice(dnf.indexOf('Obs')), 100), installed)).toEqual([]);
  });

  test('of several versions side by side the newest is the one that is updated', () => {
    const kernels = ['5.14.0-70', '5.14.0-162', '5.14.0-9'].map((version) => ({
      name: 'kernel',
      version,
      architecture: 'x86_64',
    }));
    const [update] = parseCheckUpdate('dnf', answer('kernel.x86_64 5.14.0-427 base\n', 100), kernels);
    expect(update).toMatchObject({ installed: '5.14.0-162', available: '5.14.0-427' });
  });

  test.each([
    ['a page', page, 0],
    ['escapes', escapes, 0],
    ['updates that it says are none', 'hello.noarch 2.0-1.el9 new-repo\n', 0],
    ['no updates, and that there are some', '', 100],
    ['a package that is not installed', 'other.noarch 2.0-1 new-repo\n', 100],
    ['half a line', 'hello.noarch 2.0-1.el9\n', 100],
    ['a line too much', 'hello.noarch 2.0-1 new-repo more\n', 100],
    ['a version that is none', 'hello.noarch <b>2</b> new-repo\n', 100],
    ['a name that hides something', 'hel\u202elo.noarch 2.0-1 new-repo\n', 100],
    ['a continuation of nothing', '    hello.noarch 2.0-1.el9 new-repo\n', 100],
  ])('%s is no answer', (_what, text, code) => {
    expect(() => parseCheckUpdate('dnf', answer(text, code), installed)).toThrow(UnknownAnswerError);
  });

  test('advisories say which updates mend a security defect; of others nothing is said', () => {
    const advisories = `EX-2026:2 bugfix         epochal-3:1.0-2.noarch
EX-2026:1 Important/Sec. hello-2.0-1.el9.noarch
EX-2026:3 enhancement    hello-1.5-1.el9.noarch
`;
    expect(withAdvisories('dnf', answer(advisories), found).map(({ security }) => security)).toEqual([
      undefined,
      false,
      true,
    ]);
  });

  test('the advisories of dnf5 are a table', () => {
    const table = `Name                   Type        Severity                                 Package              Issued
FEDORA-2024-0f4dd5a4d5 security    Important                  hello-2.0-1.el9.noarch 2024-03-12 01:15:24
FEDORA-2024-9a4dd5a4d5 bugfix                                 epochal-3:1.0-2.noarch 2024-03-13 01:15:24
`;
    expect(withAdvisories('dnf5', answer(table), found).map(({ security }) => security)).toEqual([
      undefined,
      false,
      true,
    ]);
    expect(() => withAdvisories('dnf5', answer(page), found)).toThrow(UnknownAnswerError);
  });

  test('microdnf says what it would do, and nothing more is believed than it counts', () => {
    const upgrade = `Downloading metadata...
Package                            Repository          Size
Installing:
 newname-2.0-1.noarch              new-repo          1.1 kB
  replacing oldname-1.0-1.noarch
Upgrading:
 epochal-3:1.0-2.noarch            new-repo         37.5 kB
  replacing epochal-3:1.0-1.noarch
 hello-2.0-1.el9.noarch            new-repo          512 bytes
Transaction Summary:
 Installing:        1 packages
 Reinstalling:      0 packages
 Upgrading:         2 packages
 Obsoleting:        1 packages
 Removing:          0 packages
 Downgrading:       0 packages
Operation aborted.
`;
    expect(parseMicrodnf(answer(upgrade), installed)).toEqual([found[1], found[2]]);
    expect(parseMicrodnf(answer('Downloading metadata...\nNothing to do.\n'), installed)).toEqual([]);
    for (const text of ['', page, upgrade.replace('2 packages', '3 packages'), upgrade.replace('hello', 'other')]) {
      expect(() => parseMicrodnf(answer(text), installed)).toThrow(UnknownAnswerError);
    }
  });
});

describe('apt', () => {
  test('updates have their suites, and those of a security suite are of security', () => {
    const list = `Listing...
apt/oldstable-security 2.6.2 amd64 [upgradable from: 2.6.1]
bash/jammy-updates,jammy-security 5.1-6ubuntu1.1 amd64 [upgradable from: 5.1-6ubuntu1]
busybox-static/unknown 99:2.0~rc1+dfsg-1 amd64 [upgradable from: 1:1.35.0-4+deb12u1+b1]
libstdc++6/stable 12.2.0-14 i386 [upgradable from: 12.2.0-9]
`;
    expect(parseAptList(answer(list))).toEqual([
      { name: 'apt', installed: '2.6.1', available: '2.6.2', repository: 'oldstable-security', security: true },
      {
        name: 'bash',
        installed: '5.1-6ubuntu1',
        available: '5.1-6ubuntu1.1',
        repository: 'jammy-updates,jammy-security',
        security: true,
      },
      { name: 'busybox-static', installed: '1:1.35.0-4+deb12u1+b1', available: '99:2.0~rc1+dfsg-1' },
      { name: 'libstdc++6', installed: '12.2.0-9', available: '12.2.0-14', repository: 'stable' },
    ]);
    expect(parseAptList(answer('Listing...\n'))).toEqual([]);
  });

  test.each([page, escapes, 'apt/stable 2 amd64\n', 'apt/stable 2 amd64 [upgradable from: 1] x\n'])(
    '%j is not a list',
    (text) => {
      expect(() => parseAptList(answer(text))).toThrow(UnknownAnswerError);
    },
  );

  test.each([
    ['E: Failed to fetch http://127.0.0.1:9/InRelease  Could not connect to 127.0.0.1:9', true],
    ['W: Failed to fetch http://a/InRelease  Temporary failure resolving', true],
    ['W: Some index files failed to download. They have been ignored, or old ones used instead.', true],
    ['W: GPG error: http://a stable InRelease: NO_PUBKEY 1', true],
    ['W: http://a/InRelease: Key is stored in legacy trusted.gpg keyring', false],
    ['WARNING: apt does not have a stable CLI interface. Use with caution in scripts.', false],
  ])('%s: whether lists are missing is noticed: %s', (line, isFailure) => {
    expect(aptUpdateFailure(`\n${line}\n`)).toBe(isFailure ? line : undefined);
  });
});

describe('apk', () => {
  test('updates have what is installed, what is available, and the tag of a repository', () => {
    const list = `Installed:                                Available:
busybox-1.36.1-r15                      < 1.36.1-r29
ca-certificates-bundle-20240226-r0      < 20241121-r1
gtk+3.0-3.24-r0                         < 3.24.1-r0 @edge
`;
    expect(parseApkVersion(answer(list))).toEqual([
      { name: 'busybox', installed: '1.36.1-r15', available: '1.36.1-r29' },
      { name: 'ca-certificates-bundle', installed: '20240226-r0', available: '20241121-r1' },
      { name: 'gtk+3.0', installed: '3.24-r0', available: '3.24.1-r0', repository: '@edge' },
    ]);
    for (const text of [page, escapes, 'busybox-1.36.1-r15 = 1.36.1-r15\n']) {
      expect(() => parseApkVersion(answer(text))).toThrow(UnknownAnswerError);
    }
  });

  test('no repository is distinguished from repositories that have nothing new', () => {
    const update =
      'fetch https://a/x86_64/APKINDEX.tar.gz\nv3.20.3-48-g1 [https://a/main]\nOK: 24178 distinct packages available\n';
    expect(apkRepositories(answer(update))).toBe(1);
    expect(apkRepositories(answer('OK: 14 distinct packages available\n'))).toBe(0);
    for (const text of ['', '2 unavailable, 0 stale; 5 distinct packages available\n', page]) {
      expect(() => apkRepositories(answer(text))).toThrow(UnknownAnswerError);
    }
  });

  test('a missing list is noticed', () => {
    const list = 'WARNING: opening from cache http://a/main: No such file or directory\nInstalled:      Available:\n';
    expect(() => parseApkVersion(answer(list))).toThrow(UnknownAnswerError);
  });
});

describe('zypper', () => {
  /** Of zypper 1.14.42 on packages made with rpmbuild and createrepo_c. */
  const updates = `<?xml version='1.0'?>
<stream>
<message type="info">Loading repository data...</message>
<message type="info">Reading installed packages...</message>
<update-status version="0.6">
<update-list>
<update kind="package" name="epochal" edition="3:1.0-2" arch="noarch" edition-old="3:1.0-1"><summary>x</summary><description>a &lt;update kind="package"</description><license/><source url="file:/new" alias="new&amp;repo"/></update><update kind="package" name="hello" edition="2.0-1.el9" arch="noarch" edition-old="1.0-1.el9"><summary>x</summary><description>x</description><license/><source url="file:/new" alias="new-repo"/></update></update-list>
</update-status>
</stream>
`;
  const patch = `<?xml version='1.0'?>
<stream>
<message type="info">Patch &apos;EX-2026:2-1.4&apos; is not in the specified category.</message>
<install-summary download-size="5513" space-usage-diff="0" packages-to-change="1">
<to-upgrade>
<solvable type="package" name="hello" edition="2.0-1.el9" arch="noarch" edition-old="1.0-1.el9" arch-old="noarch" summary="x">
<description>x</description></solvable>
</to-upgrade>
<to-install>
<solvable type="patch" name="EX-2026:1" edition="1.4" arch="noarch" summary="hello security">
<description>x</description></solvable>
</to-install>
</install-summary>
</stream>
`;

  test('updates are listed with their repository, and those of security patches are of security', () => {
    const found = parseZypperUpdates(answer(updates));
    expect(found).toEqual([
      { name: 'epochal', installed: '3:1.0-1', available: '3:1.0-2', repository: 'new&repo' },
      { name: 'hello', installed: '1.0-1.el9', available: '2.0-1.el9', repository: 'new-repo' },
    ]);
    expect(withSecurityPatches(answer(patch), found).map(({ security }) => security)).toEqual([undefined, true]);
    const none = '<?xml version=\'1.0\'?>\n<stream>\n<message type="info">Nothing to do.</message>\n</stream>\n';
    expect(withSecurityPatches(answer(none), found)).toEqual(found);
    expect(() => withSecurityPatches(answer(page), found)).toThrow(UnknownAnswerError);
  });

  test.each([
    '',
    page,
    updates.slice(0, -20),
    updates.replace('kind="package" name="hello"', 'kind="package"'),
    updates.replace('<update-list>', '<update-list>text'),
    "<?xml version='1.0'?>\n<stream>\n</stream>",
  ])('%j is no answer', (text) => {
    expect(() => parseZypperUpdates(answer(text))).toThrow(UnknownAnswerError);
  });
});
