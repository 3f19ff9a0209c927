import type { PackageManager } from '../../core/model/package-list.ts';

/** The programs of a package manager that are run. */
export const managerPrograms: Readonly<Record<PackageManager, readonly string[]>> = {
  rpm: ['rpm'],
  dpkg: ['dpkg', 'dpkg-query'],
  apk: ['apk'],
};
const folders = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];

/** Lets its author make every program do anything. https://man7.org/linux/man-pages/man8/ld.so.8.html */
export const preload = 'etc/ld.so.preload';

/** Where distributions have them. */
export function toolPaths(manager: PackageManager): string[] {
  return managerPrograms[manager].flatMap((name) => folders.map((folder) => `${folder}/${name}`));
}
