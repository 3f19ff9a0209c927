import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { copyFile, lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** As many as the kernel follows. */
const mostLinks = 40;
const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'ENXIO']);

/**
 * The files of an image, read from outside. Links lead where they would lead in a container of the image: never out of it. Only plain
 * files are opened, so that no pipe and no device can keep the reader waiting.
 */
export class ImageRoot {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A file's text; undefined where it is not there, is no plain file, or is longer than that. */
  async text(path: string, mostBytes: number): Promise<string | undefined> {
    const real = await this.#plainFile(path, mostBytes);
    if (real === undefined) return undefined;
    const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  }

  /** Copies a plain file out of the image; false where there is none of at most that length. */
  async copy(path: string, target: string, mostBytes: number): Promise<boolean> {
    const real = await this.#plainFile(path, mostBytes);
    if (real === undefined) return false;
    await copyFile(real, target, constants.COPYFILE_EXCL);
    return true;
  }

  /** Whether a plain file of any length is there. */
  async has(path: string): Promise<boolean> {
    return (await this.#plainFile(path, Number.POSITIVE_INFINITY)) !== undefined;
  }

  /**
   * The digest of a plain file, in hexadecimal; undefined where there is none. Where the path itself is a link and is not followed, it
   * is the digest of what the link says.
   */
  async digest(path: string, algorithm: string, { follows }: { follows: boolean }): Promise<string | undefined> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const folder = await this.#resolve(path.slice(0, -name.length || path.length));
    if (folder === undefined || name === '' || name === '.' || name === '..') return undefined;
    const here = join(folder, name);
    const found = await stats(here);
    if (found?.isSymbolicLink() && !follows)
      return createHash(algorithm)
        .update(await readlink(here))
        .digest('hex');
    const real = found?.isSymbolicLink() ? await this.#plainFile(path, Number.POSITIVE_INFINITY) : here;
    if (real === undefined || !(await stats(real))?.isFile()) return undefined;
    const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const hash = createHash(algorithm);
    for await (const chunk of handle.createReadStream()) hash.update(chunk);
    return hash.digest('hex');
  }

  /** The names in a folder in their order, the first of them if they are too many; none where there is no folder. */
  async list(path: string, most: number): Promise<string[]> {
    const real = await this.#resolve(path);
    if (real === undefined || !(await stats(real))?.isDirectory()) return [];
    return (await readdir(real)).sort().slice(0, most);
  }

  async #plainFile(path: string, mostBytes: number): Promise<string | undefined> {
    const real = await this.#resolve(path);
    const found = real === undefined ? undefined : await stats(real);
    return found?.isFile() && found.size <= mostBytes ? real : undefined;
  }

  /** The path on this machine with all links resolved; a link's absolute target begins at the image's root, and `..` ends there. */
  async #resolve(path: string): Promise<string | undefined> {
    const ahead = path.split('/').reverse();
    const way: string[] = [];
    let links = 0;
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        way.pop();
        continue;
      }
      const here = join(this.#folder, ...way, name);
      const found = await stats(here);
      if (found === undefined) return undefined;
      if (!found.isSymbolicLink()) {
        way.push(name);
        continue;
      }
      links += 1;
      if (links > mostLinks) return undefined;
      const target = await readlink(here);
      if (target.startsWith('/')) way.length = 0;
      ahead.push(...target.split('/').reverse());
    }
    return join(this.#folder, ...way);
  }
}

function stats(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (absent.has(error.code ?? '')) return undefined;
    throw error;
  });
}
