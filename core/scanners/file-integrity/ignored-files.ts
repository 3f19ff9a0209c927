import type { ChangedFile } from './file-integrity.ts';

/** Folders that a running system writes to, or that the container engine provides. The first eight are CCCP's. */
const changingFolders = ['/var', '/run', '/media', '/mnt', '/tmp', '/proc', '/sys', '/boot', '/dev'];
/** Docker and Podman mount over these. https://docs.docker.com/engine/network/#dns-services */
const mountedOver = new Set(['/', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/etc/mtab']);
/**
 * Folders that distributions leave out of their own base images: documents and translations
 * (https://github.com/debuerreotype/debuerreotype/blob/0.15/scripts/.slimify-excludes), and CentOS its hardware database
 * (https://github.com/CentOS/sig-cloud-instance-build/blob/master/docker/centos-7-x86_64.ks).
 */
const leftOut = [
  '/usr/share/doc',
  '/usr/share/man',
  '/usr/share/info',
  '/usr/share/locale',
  '/usr/share/lintian',
  '/usr/share/linda',
  '/usr/share/omf',
  '/usr/share/bug',
  '/usr/share/help',
  '/usr/share/gnome/help',
  '/usr/share/licenses',
  '/usr/lib/udev/hwdb.d',
];

/**
 * Whether a changed file is a finding. Configuration may be changed, a ghost (a file made while the system runs) has no contents from the
 * package, and the build sets the times of files itself, so that two builds of one commit are the same.
 */
export function counts({ path, problems, kind }: ChangedFile): boolean {
  if (kind === 'config' || kind === 'ghost') return false;
  if (mountedOver.has(path) || isIn(changingFolders, path)) return false;
  const isMissing = problems.includes('missing');
  const isDocument = kind === 'documentation' || kind === 'licence' || kind === 'readme';
  if (isMissing && (isDocument || isIn(leftOut, path))) return false;
  return problems.some((problem) => problem !== 'time');
}

function isIn(folders: readonly string[], path: string): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}
