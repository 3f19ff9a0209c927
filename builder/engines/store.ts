import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { exists, keepRunning, run } from '../process.ts';

/** Beyond this many images, layers of steps included, the store is emptied: the next builds are slower, the disk stays free. */
const mostImages = 2_000;
/** With less of the disk free than this, too. */
const leastFree = 0.1;
/** How often a store is looked at, in milliseconds: each command of the program takes a tenth of a second, for which a build would wait. */
const tidyInterval = 60 * 60_000;
/** https://github.com/containers/podman/blob/main/libpod/runtime.go */
const longestRunRoot = 50;

/** What is known of every store of the builder. */
function storesFolder(env: Readonly<Record<string, string>>): string {
  return join(env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), '.cache'), 'slipway', 'containers');
}

/**
 * Where Podman or Buildah keep layers for a project's next build. Each project has a store of its own, because they identify a cached
 * step by its text alone, so that one project's step could be another's. It is the builder's, so that clearing it touches no image of
 * the machine's owner. Builds hold a shared lock on it, clearing needs the lock alone; the kernel frees it however a process ends.
 */
export class Store {
  readonly program: string;
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #canLock: Promise<boolean> | undefined;

  /** `owner` identifies whose builds share it; any text will do. */
  constructor(program: string, env: Readonly<Record<string, string>>, owner: string) {
    this.program = program;
    this.#env = env;
    this.folder = join(storesFolder(env), createHash('sha256').update(owner).digest('hex').slice(0, 32));
  }

  /** A folder for what is known of this machine, whatever the store. */
  async shared(): Promise<string> {
    const folder = storesFolder(this.#env);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** The whole command line of the program on this store, begun by `prefix`, with the shared lock. */
  async command(prefix: readonly string[], args: readonly string[]): Promise<string[]> {
    return [...(await this.#lock(['--shared'])), ...prefix, ...this.#program(args)];
  }

  /** Holds the shared lock over several commands, so that what one leaves for the next is not removed in between. */
  async hold(): Promise<AsyncDisposable> {
    const lock = await this.#lock(['--shared']);
    if (lock.length === 0) return { [Symbol.asyncDispose]: async () => undefined };
    const [program = '', ...args] = [...lock, 'cat'];
    return keepRunning(program, args, this.#env);
  }

  /**
   * Lets go of the folder that the program has mounted onto itself: of several that end at once each leaves it to another. It fails
   * while a container is mounted in it, as it should. https://github.com/containers/storage/blob/main/drivers/overlay/overlay.go (`Cleanup`)
   */
  async unmount(signal: AbortSignal): Promise<void> {
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    const folder = join(this.folder, 'root', 'overlay');
    // The kernel writes a blank as \040.
    const count = mounts.split('\n').filter((line) => line.split(' ')[1]?.replaceAll('\\040', ' ') === folder).length;
    for (let left = count; left > 0; left--) {
      const { code } = await run('umount', ['--', folder], { env: this.#env, signal });
      if (code !== 0) return;
    }
  }

  /** Clears now and then what no build needs any more, unless a build runs; at once, and all stores, where the disk is nearly full. */
  async tidy(signal: AbortSignal): Promise<void> {
    const { bavail, blocks } = await statfs(await this.shared());
    const isDiskFull = bavail / blocks < leastFree;
    const folders = isDiskFull ? await this.#all() : [this.folder];
    for (const folder of folders) await this.#tidy(folder, { isDiskFull, signal });
  }

  async #tidy(folder: string, { isDiskFull, signal }: { isDiskFull: boolean; signal: AbortSignal }): Promise<void> {
    const lock = await this.#lock(['--exclusive', '--nonblock'], folder);
    if (lock.length === 0) return;
    const record = join(folder, 'tidied');
    const last = await stat(record).catch(() => undefined);
    if (!isDiskFull && last !== undefined && Date.now() - last.mtimeMs < tidyInterval) return;
    const alone = async (...args: string[]) => {
      const [program = '', ...rest] = [...lock, ...this.#program(args, folder)];
      return run(program, rest, { env: this.#env, signal });
    };
    const { code, stdout } = await alone('images', '--all', '--quiet', '--no-trunc');
    if (code !== 0) return;
    await writeFile(record, '');
    const images = stdout.split('\n').length - 1;
    if (images === 0) return;
    await alone('rm', '--all');
    await alone('rmi', '--force', isDiskFull || images > mostImages ? '--all' : '--prune');
  }

  async #all(): Promise<string[]> {
    const entries = await readdir(await this.shared(), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(storesFolder(this.#env), name));
  }

  #program(args: readonly string[], folder = this.folder): string[] {
    return [this.program, `--root=${join(folder, 'root')}`, `--runroot=${this.#runRoot(folder)}`, ...args];
  }

  /** Podman records here what is mounted, and must forget it when the machine restarts. It refuses a longer path. */
  #runRoot(folder: string): string {
    const name = `slipway-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
    const own = join(this.#env.XDG_RUNTIME_DIR ?? '', name);
    if (own !== name && own.length <= longestRunRoot) return own;
    return join(process.getuid?.() === 0 ? '/run' : '/tmp', name);
  }

  async #lock(mode: readonly string[], folder = this.folder): Promise<string[]> {
    this.#canLock ??= this.#prepare();
    return (await this.#canLock) ? ['flock', ...mode, '--no-fork', join(folder, 'lock')] : [];
  }

  async #prepare(): Promise<boolean> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    return exists('flock', ['--version'], { env: this.#env, signal: new AbortController().signal });
  }
}
