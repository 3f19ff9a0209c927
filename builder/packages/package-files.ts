export const apkDatabases = ['lib/apk/db/installed', 'usr/lib/apk/db/installed'];
export const rpmFolders = ['usr/lib/sysimage/rpm', 'var/lib/rpm', 'usr/share/rpm'];
/** The files that rpm's databases are made of, from the newest form to the oldest. */
export const rpmDatabases = ['rpmdb.sqlite', 'Packages.db', 'Packages'];

/** The files of an image that are read, for engines that copy files out of it. */
export const packageFiles = [
  'etc/os-release',
  'usr/lib/os-release',
  'var/lib/dpkg',
  'etc/apt',
  'lib/apk/db',
  'usr/lib/apk/db',
  'etc/apk',
  ...rpmFolders,
  'etc/yum.repos.d',
  'etc/yum',
  'etc/yum.conf',
  'etc/dnf',
];
