import { expect, test } from 'vitest';
import type { InstalledPackages } from '../../../core/model/package-list.ts';
import { type AvailablePackages, availableKey, updatesOf } from '../../../core/packages/updates.ts';

type Installed = InstalledPackages['packages'][number];

const image = (
  packages: (Partial<Installed> & { name: string; version: string })[],
  manager: InstalledPackages['manager'] = 'dpkg',
): InstalledPackages => {
  const architecture = manager === 'dpkg' ? 'amd64' : 'x86_64';
  return {
    state: 'read',
    manager,
    architecture,
    repositories: [],
    packages: packages.map((each) => ({ architecture, ...each })),
  };
};
const repository = (
  versions: Record<string, string>,
  isOffered: AvailablePackages['isOffered'] = 'always',
): AvailablePackages => ({
  versions: new Map(Object.entries(versions)),
  isOffered,
});
const words = (contents: InstalledPackages, ...repositories: AvailablePackages[]) =>
  updatesOf(contents, repositories).map((update) => `${update.package} ${update.installed} → ${update.available}`);

test('the highest version of all repositories is the update, by name', () => {
  const contents = image([
    { name: 'zlib1g', version: '1:1.2-1' },
    { name: 'bash', version: '5.2-1' },
    { name: 'same', version: '0:2-1' },
  ]);
  const stable = repository({ 'zlib1g amd64': '1:1.2-2', 'bash amd64': '5.2-1', 'same amd64': '2-1' });
  const security = repository({ 'bash amd64': '5.2-1+deb12u2' });
  expect(words(contents, stable, security, repository({ 'bash amd64': '5.2-1+deb12u1' }))).toEqual([
    'bash 5.2-1 → 5.2-1+deb12u2',
    'zlib1g 1:1.2-1 → 1:1.2-2',
  ]);
});

test('older versions, packages that are gone and packages that are held are no updates', () => {
  const contents = image([
    { name: 'newer', version: '2-1' },
    { name: 'gone', version: '1-1' },
    { name: 'held', version: '1-1', held: true },
    { name: 'epoch', version: '1:1-1' },
  ]);
  const stable = repository({ 'newer amd64': '1-1', 'held amd64': '2-1', 'epoch amd64': '9-1' });
  expect(words(contents, stable)).toEqual([]);
});

test('a package of another architecture is another package; one that becomes `all` is the same', () => {
  const contents = image([
    { name: 'libc6', version: '2-1', architecture: 'i386' },
    { name: 'becomes-all', version: '1-1' },
    { name: 'was-all', version: '1-1', architecture: 'all' },
  ]);
  const stable = repository({ 'libc6 amd64': '3-1', 'becomes-all all': '2-1', 'was-all amd64': '2-1' });
  expect(words(contents, stable)).toEqual(['becomes-all 1-1 → 2-1', 'was-all 1-1 → 2-1']);
});

test('backports are updates only of what the usual repositories do not have', () => {
  const contents = image([
    { name: 'from-backports', version: '2-1~bpo12+1' },
    { name: 'from-stable', version: '1-1' },
    { name: 'from-older-stable', version: '1-0' },
  ]);
  const stable = repository({
    'from-backports amd64': '1-1',
    'from-stable amd64': '1-1',
    'from-older-stable amd64': '1-1',
  });
  const backports = repository(
    {
      'from-backports amd64': '3-1~bpo12+1',
      'from-stable amd64': '3-1~bpo12+1',
      'from-older-stable amd64': '3-1~bpo12+1',
    },
    'upgrades',
  );
  const experimental = repository({ 'from-stable amd64': '9-1' }, 'never');
  expect(words(contents, stable, backports, experimental)).toEqual([
    'from-backports 2-1~bpo12+1 → 3-1~bpo12+1',
    'from-older-stable 1-0 → 1-1',
  ]);
});

test('of a kernel in several versions the newest counts, and modular packages do not', () => {
  const contents = image(
    [
      { name: 'kernel', version: '5.14-1' },
      { name: 'kernel', version: '5.14-3' },
      { name: 'nodejs', version: '1:16.1-1.module_el8+1' },
      { name: 'bash', version: '5.1.8-6.el9' },
    ],
    'rpm',
  );
  const baseos = repository({
    'kernel x86_64': '5.14-3',
    'nodejs x86_64': '1:18.0-1.el9',
    'bash x86_64': '5.1.8-9.el9',
  });
  expect(words(contents, baseos)).toEqual(['bash 5.1.8-6.el9 → 5.1.8-9.el9']);
});

test('Alpine knows a package by its name alone', () => {
  const contents = image([{ name: 'ca-certificates', version: '20240226-r0', architecture: 'noarch' }], 'apk');
  const key = availableKey('apk', 'ca-certificates', 'x86_64');
  expect(words(contents, repository({ [key]: '20240705-r0' }))).toEqual(['ca-certificates 20240226-r0 → 20240705-r0']);
});
