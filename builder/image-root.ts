import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';

/** As many as the kernel follows. */
const mostLinks = 40;
const chunkBytes = 256 * 1024;
const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'ENXIO']);

/**
 * The files of an image, read from outside. Links lead where they would lead in a container of the image: never out of it. Only plain
 * files are opened, so that no pipe and no device can keep the reader waiting.
 *
 * Nothing else happens in the reader's process, and a call that returns at once takes a fraction of one that is waited for: an image has
 * tens of thousands of files.
 */
export class ImageRoot {
  readonly #folder: string;
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A file's text; undefined where it is not there, is not a plain file, or is longer than that. */
  text(path: string, mostBytes: number): string | undefined {
    const real = this.#plainFile(path, mostBytes);
    return real === undefined ? undefined : reading(real, (file) => readFileSync(file, 'utf8'));
  }

  /** Copies a plain file out of the image; false where there is none of at most that length. */
  copy(path: string, target: string, mostBytes: number): boolean {
    const real = this.#plainFile(path, mostBytes);
    if (real === undefined) return false;
    copyFileSync(real, target, constants.COPYFILE_EXCL);
    return true;
  }

  /** Whether a plain file of any length is there. */
  has(path: string): boolean {
    return this.#plainFile(path, Number.POSITIVE_INFINITY) !== undefined;
  }

  /**
   * The digest of a plain file, in hexadecimal; undefined where there is none. Where the path itself is a link and is not followed, it
   * is the digest of what the link says.
   */
  digest(path: string, algorithm: string, { follows }: { follows: boolean }): string | undefined {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const folder = this.#resolve(path.slice(0, -name.length || path.length));
    if (folder === undefined || name === '' || name === '.' || name === '..') return undefined;
    const here = join(folder, name);
    const found = stats(here);
    if (found?.isSymbolicLink() && !follows) return createHash(algorithm).update(readlinkSync(here)).digest('hex');
    const real = found?.isSymbolicLink() ? this.#plainFile(path, Number.POSITIVE_INFINITY) : here;
    if (real === undefined || !stats(real)?.isFile()) return undefined;
    const hash = createHash(algorithm);
    reading(real, (file) => {
      for (let length = readSync(file, this.#chunk); length > 0; length = readSync(file, this.#chunk))
        hash.update(this.#chunk.subarray(0, length));
    });
    return hash.digest('hex');
  }

  /** The names in a folder in their order, the first of them if they are too many; none where there is no folder. */
  list(path: string, most: number): string[] {
    const real = this.#resolve(path);
    if (real === undefined || !stats(real)?.isDirectory()) return [];
    return readdirSync(real).sort().slice(0, most);
  }

  #plainFile(path: string, mostBytes: number): string | undefined {
    const real = this.#resolve(path);
    const found = real === undefined ? undefined : stats(real);
    return found?.isFile() && found.size <= mostBytes ? real : undefined;
  }

  /** The path on this machine with all links resolved; a link's absolute target begins at the image's root, and `..` ends there. */
  #resolve(path: string): string | undefined {
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
      const found = stats(here);
      if (found === undefined) return undefined;
      if (!found.isSymbolicLink()) {
        way.push(name);
        continue;
      }
      links += 1;
      if (links > mostLinks) return undefined;
      const target = readlinkSync(here);
      if (target.startsWith('/')) way.length = 0;
      ahead.push(...target.split('/').reverse());
    }
    return join(this.#folder, ...way);
  }
}

function stats(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function reading<Value>(path: string, read: (file: number) => Value): Value {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}
