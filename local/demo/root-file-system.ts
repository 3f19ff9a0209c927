import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { ask, CommandFailedError, run } from '../command.ts';

/** The packages of the example base image: a shell with its programs, `/etc/os-release`, and names of ports and file types. */
export const basePackages = ['base-files', 'busybox-static', 'media-types', 'netbase'];

/** Files that are newer (what dpkg writes) get this time, so that the same packages always make the same archive. */
const newest = new Date('2026-01-01T00:00:00Z');

/** The machine has no packages to make the example base image of. */
export class PackagesMissingError extends Error {
  override readonly name = 'PackagesMissingError';
}

export interface RootFileSystem {
  /** `Debian GNU/Linux 12 (bookworm)` */
  system: string;
  packages: string[];
}

export interface RootFileSystemOptions {
  /** The archive to write. */
  archive: string;
  /** An empty folder to work in. */
  workspace: string;
  say: (activity: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Makes a small root file system of the machine's own Debian or Ubuntu packages, with the database of what is installed as dpkg
 * itself writes it. Needs no root: the archive says that root owns everything.
 * @throws PackagesMissingError
 */
export async function makeRootFileSystem({
  archive,
  workspace,
  say,
  signal,
}: RootFileSystemOptions): Promise<RootFileSystem> {
  if (!(await ask('dpkg', ['--version'], { signal }))) {
    throw new PackagesMissingError(
      'The example base image is made of Debian packages: please run the demo on Debian or Ubuntu.',
    );
  }
  const packages = join(workspace, 'packages');
  const root = join(workspace, 'root');
  await mkdir(packages, { recursive: true });

  say(`downloading ${basePackages.join(', ')}`);
  await download(packages, join(workspace, 'apt'), signal);
  const files = (await readdir(packages)).filter((name) => name.endsWith('.deb')).map((name) => join(packages, name));

  say('installing them into a folder');
  for (const file of files) await leaveScriptsOut(file, join(workspace, 'unpacked', basename(file)), signal);
  await prepare(root);
  await dpkg(root, ['--install', ...files], signal);
  const database = join(root, 'var/lib/dpkg');
  for (const name of ['lock', 'lock-frontend', 'status-old', 'triggers/Lock'])
    await rm(join(database, name), { force: true });

  const release = parseEnv(await readFile(join(root, 'usr/lib/os-release'), 'utf8'));
  const system = release.PRETTY_NAME ?? release.ID ?? '';
  if (release.ID !== 'debian' && release.ID !== 'ubuntu') {
    throw new PackagesMissingError(
      `The scanner has records of Debian and Ubuntu, and this machine's packages are of ${system}.`,
    );
  }

  say('packing the folder');
  await pack(root, archive, signal);
  return { system, packages: basePackages };
}

/** First with the package lists that the machine has; where it has none or old ones, with lists of our own. */
async function download(folder: string, state: string, signal?: AbortSignal): Promise<void> {
  const get = ['-q', '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Languages=none'];
  const download = ['download', ...basePackages];
  try {
    await run('apt-get', [...get, ...download], { cwd: folder, signal });
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    await mkdir(join(state, 'lists/partial'), { recursive: true });
    await mkdir(join(state, 'cache/archives/partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${state}/lists`, '-o', `Dir::Cache=${state}/cache`];
    try {
      await run('apt-get', [...get, ...own, 'update'], { signal });
      await run('apt-get', [...get, ...own, ...download], { cwd: folder, signal });
    } catch (cause) {
      if (!(cause instanceof CommandFailedError)) throw cause;
      const reason = cause.output.split('\n').findLast((line) => line.startsWith('E: ')) ?? cause.message;
      throw new PackagesMissingError(`apt-get could not download ${basePackages.join(', ')}: ${reason}`, { cause });
    }
  }
}

/**
 * The packages' own scripts are for a whole system, and a shell in it; the example's Dockerfile does what this small one needs.
 * Everything else of the package stays.
 */
async function leaveScriptsOut(file: string, folder: string, signal?: AbortSignal): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await run('dpkg-deb', ['--raw-extract', file, folder], { signal });
  const control = join(folder, 'DEBIAN');
  await chmod(control, 0o755);
  for (const name of ['preinst', 'postinst', 'prerm', 'postrm', 'config'])
    await rm(join(control, name), { force: true });
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', folder, file], { signal });
}

/** dpkg follows these links, so a package may ship `/bin/x` or `/usr/bin/x`: releases differ. */
async function prepare(root: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib']) {
    await makeFolder(root, `usr/${name}`);
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const name of ['info', 'updates']) await makeFolder(root, `var/lib/dpkg/${name}`);
  for (const name of ['status', 'available']) {
    const file = join(root, 'var/lib/dpkg', name);
    await writeFile(file, '');
    await chmod(file, 0o644);
  }
}

/** Open to everyone, whatever the person's umask says: it becomes a part of an image. */
async function makeFolder(root: string, path: string): Promise<void> {
  let folder = root;
  for (const part of ['', ...path.split('/')]) {
    folder = join(folder, part);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
  }
}

async function dpkg(root: string, args: string[], signal?: AbortSignal): Promise<void> {
  await run(
    'dpkg',
    [
      `--root=${root}`,
      '--log=/dev/null',
      '--no-triggers',
      '--force-unsafe-io',
      // Works for any user, without /sbin on the PATH, and though busybox does not say that it has an `awk`.
      '--force-not-root',
      '--force-bad-path',
      '--force-depends',
      ...args,
    ],
    { signal, environment: { DEBIAN_FRONTEND: 'noninteractive' } },
  );
}

async function pack(folder: string, archive: string, signal?: AbortSignal): Promise<void> {
  await run(
    'tar',
    [
      '--create',
      `--file=${archive}`,
      `--directory=${folder}`,
      '--format=gnu',
      '--sort=name',
      '--clamp-mtime',
      `--mtime=@${newest.getTime() / 1000}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '.',
    ],
    { signal },
  );
}
