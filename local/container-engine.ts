import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ask, CommandFailedError, run } from './command.ts';

export interface ContainerEngine {
  name: 'docker' | 'podman' | 'buildah';
  version: string;
}

export interface Search {
  engine?: ContainerEngine;
  /** One sentence for each engine that comes before the chosen one and cannot be used. */
  passedOver: string[];
}

/** There is no engine to build with, and none can be installed from here. */
export class ContainerEngineMissingError extends Error {
  override readonly name = 'ContainerEngineMissingError';
}

/** There is no git with its HTTP backend, and none can be installed from here. */
export class GitMissingError extends Error {
  override readonly name = 'GitMissingError';
}

/** apt could not install what is needed. */
export class InstallationFailedError extends Error {
  override readonly name = 'InstallationFailedError';
}

/** The first of Docker with BuildKit, Podman and Buildah that works for this user: the order in which the builder chooses. */
export async function findContainerEngine(signal?: AbortSignal): Promise<Search> {
  const passedOver: string[] = [];
  for (const [name, look] of Object.entries(lookers) as [ContainerEngine['name'], Looker][]) {
    const found = await look(signal);
    if ('version' in found) return { engine: { name, version: found.version }, passedOver };
    passedOver.push(found.problem);
  }
  return { passedOver };
}

type Looker = (signal?: AbortSignal) => Promise<{ version: string } | { problem: string }>;

const lookers: Record<ContainerEngine['name'], Looker> = {
  async docker(signal) {
    if (!(await ask('docker', ['--version'], { signal }))) return { problem: 'Docker is not installed.' };
    const version = await ask('docker', ['version', '--format', '{{.Server.Version}}'], { signal });
    if (!version) return { problem: 'Docker is installed, but its daemon does not answer this user.' };
    const builder = await ask('docker', ['buildx', 'inspect', '--bootstrap'], { signal });
    if (builder === undefined) return { problem: `Docker ${version} has no buildx plugin, or no builder that runs.` };
    // BuildKit says its version since Docker 23; from then on it knows the named contexts that pin an image's base.
    if (!/^BuildKit(?: version)?:/im.test(builder))
      return { problem: `Docker ${version} is too old: 23 or newer is needed.` };
    return { version };
  },

  async podman(signal) {
    if (!(await ask('podman', ['--version'], { signal }))) return { problem: 'Podman is not installed.' };
    const version = await ask('podman', ['info', '--format', '{{.Version.Version}}'], { signal });
    return version ? { version } : { problem: 'Podman is installed, but `podman info` fails for this user.' };
  },

  async buildah(signal) {
    const version = await ask('buildah', ['--version'], { signal });
    if (!version) return { problem: 'Buildah is not installed.' };
    if (process.getuid?.() !== 0 && !(await hasSubordinateIds(signal))) {
      return { problem: 'Buildah is installed, but this user has no subordinate ids to build with (/etc/subuid).' };
    }
    const trial = await tryBuildah(signal);
    if (trial !== undefined) return { problem: `Buildah is installed, but makes no container: ${trial}` };
    return { version: /\d+(\.\d+)+/.exec(version)?.[0] ?? version };
  },
};

/** Makes a container of nothing, in a store of its own. Gives what is wrong, if something is. */
async function tryBuildah(signal?: AbortSignal): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-buildah-'));
  const store = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')];
  try {
    await run('buildah', [...store, 'from', 'scratch'], { signal });
    await run('buildah', [...store, 'rm', '--all'], { signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    return error.output.split('\n').at(-1) ?? error.message;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A line of the map is `<first id inside> <first id outside> <count>`; a user without more ids has a map of one. */
async function hasSubordinateIds(signal?: AbortSignal): Promise<boolean> {
  const map = await ask('buildah', ['unshare', 'cat', '/proc/self/uid_map'], { signal });
  const counts = (map ?? '').split('\n').map((line) => Number(line.trim().split(/\s+/)[2] ?? 0));
  return counts.reduce((sum, count) => sum + count, 0) > 65_535;
}

export interface EnsureOptions {
  /** Gets one line when something is installed. */
  say: (line: string) => void;
  /** Gets what the installation does at the moment, several times a second. */
  progress?: (activity: string) => void;
  signal?: AbortSignal;
}

/**
 * Finds the container engine and git, and installs Buildah and git from the distribution's packages where they are missing and
 * the machine is Debian or Ubuntu with root or a sudo that asks for no password.
 * @throws ContainerEngineMissingError, GitMissingError saying what to install
 * @throws InstallationFailedError
 */
export async function ensureContainerEngine(options: EnsureOptions): Promise<ContainerEngine & { installed: boolean }> {
  const { say, signal } = options;
  const [search, git] = await Promise.all([findContainerEngine(signal), hasGit(signal)]);
  if (search.engine && git) return { ...search.engine, installed: false };

  const apt = await findApt(signal);
  if (!apt) {
    throw search.engine
      ? new GitMissingError('There is no git here that can be served over HTTP. Install git.')
      : engineMissing(search.passedOver);
  }
  const names = search.engine ? 'git' : git ? 'buildah' : 'buildah and git';
  say(
    `No ${search.engine ? 'git' : 'container engine'} here: installing ${names} from ${apt.distribution}'s packages.`,
  );
  await install(apt, [...(search.engine ? [] : enginePackages), ...(git ? [] : ['git'])], options);
  if (search.engine) return { ...search.engine, installed: false };

  let after = await findContainerEngine(signal);
  if (after.passedOver.some((reason) => reason.includes('netavark'))) {
    // Newer versions make no container without it, whatever network it is to have, and only recommend its package.
    await install(apt, ['netavark'], options);
    after = await findContainerEngine(signal);
  }
  if (after.engine) return { ...after.engine, installed: true };
  throw new ContainerEngineMissingError(
    `Buildah was installed, but cannot be used. Run as root, or install Docker with buildx. (${after.passedOver.at(-1)})`,
  );
}

/** What Buildah needs to build with `--isolation chroot` is in its package's dependencies; a user who is not root needs more. */
const enginePackages = process.getuid?.() === 0 ? ['buildah'] : ['buildah', 'uidmap', 'fuse-overlayfs'];

function engineMissing(passedOver: string[]): ContainerEngineMissingError {
  return new ContainerEngineMissingError(
    `There is no container engine here. Install Docker with buildx, Podman or Buildah, or run as root on Debian or Ubuntu: Buildah is then installed for you. (${passedOver.join(' ')})`,
  );
}

/** git with the program that serves it over HTTP, which some distributions package apart. */
async function hasGit(signal?: AbortSignal): Promise<boolean> {
  const folder = await ask('git', ['--exec-path'], { signal });
  return (
    folder !== undefined && (await readFile(`${folder.trim()}/git-http-backend`).catch(() => undefined)) !== undefined
  );
}

interface Apt {
  /** `Debian`, `Ubuntu` or the derivative's own name. */
  distribution: string;
  /** What `apt-get` is prefixed with to have root's rights. */
  prefix: string[];
}

async function findApt(signal?: AbortSignal): Promise<Apt | undefined> {
  const release = parseEnv(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  const family = [release.ID, ...(release.ID_LIKE ?? '').split(' ')];
  if (!family.includes('debian') && !family.includes('ubuntu')) return undefined;
  if (!(await ask('apt-get', ['--version'], { signal }))) return undefined;
  const distribution = release.NAME?.replace(' GNU/Linux', '') ?? 'Debian';
  if (process.getuid?.() === 0) return { distribution, prefix: [] };
  return (await ask('sudo', ['-n', 'true'], { signal })) === undefined
    ? undefined
    : { distribution, prefix: ['sudo', '-n'] };
}

/** Package lists may be missing, as in container images, or older than the archive: both show as a failure that an update ends. */
async function install(apt: Apt, packages: string[], options: EnsureOptions): Promise<void> {
  const get = ['install', '--yes', '--no-install-recommends', ...packages];
  const known = await ask('apt-cache', ['policy', ...packages], { signal: options.signal });
  const complete = known !== undefined && (known.match(/Candidate: (?!\(none\))/g) ?? []).length === packages.length;
  try {
    if (complete) {
      try {
        return await aptGet(apt, get, options);
      } catch (error) {
        if (!(error instanceof CommandFailedError) || !/^E: (Failed to fetch|Unable to)/m.test(error.output))
          throw error;
      }
    }
    await aptGet(apt, ['update'], options);
    await aptGet(apt, get, options);
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    const said = error.output.split('\n').filter((line) => /^(E|dpkg): /.test(line));
    const reason = said.slice(-3).join(' ') || error.message;
    throw new InstallationFailedError(`apt-get could not install ${packages.join(', ')}: ${reason}`, { cause: error });
  }
}

/** apt's status lines: `dlstatus:<file>:<percent>:<text>` and `pmstatus:<package>:<percent>:<text>`. */
const statusLine = /^(dl|pm)status:[^:]*(?::\w+)?:([\d.]+):(.*)$/;

async function aptGet(apt: Apt, args: string[], { progress, signal }: EnsureOptions): Promise<void> {
  const [file = 'apt-get', ...rest] = [
    ...apt.prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'LC_ALL=C.UTF-8',
    'apt-get',
    '-q',
    // Another package manager at work is waited for, as at a machine's first start.
    '-o',
    'DPkg::Lock::Timeout=60',
    '-o',
    'APT::Status-Fd=1',
    '-o',
    'Dpkg::Use-Pty=0',
    ...args,
  ];
  const updating = args[0] === 'update';
  if (updating) progress?.('reading the package lists');
  await run(file, rest, {
    signal,
    onLine: (line) => {
      const [, kind, percent, text] = statusLine.exec(line) ?? [];
      if (kind === undefined || updating) return;
      progress?.(`${kind === 'dl' ? 'downloading ' : ''}${Math.round(Number(percent))} %: ${text?.trim()}`);
    },
  });
}
