import { mkdirSync } from 'node:fs';
import { statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The data folder cannot be used; the message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/** Less than this is not enough for the template, the database and one small image. */
const leastFree = 64 * 1024 * 1024;

export interface DataFolder {
  release(): void;
}

/**
 * Takes a data folder for this process alone. The lock is one of the operating system's on a database file: it goes with the process,
 * however that ends, so nothing stale is ever left behind.
 * @throws DataFolderError
 */
export async function takeDataFolder(path: string): Promise<DataFolder> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    await writeFile(join(path, '.writable'), 'x');
  } catch (error) {
    throw new DataFolderError(`The data folder ${path} cannot be written: ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize < leastFree) {
    const megabytes = Math.floor((bavail * bsize) / 1024 / 1024);
    throw new DataFolderError(
      `The disk of ${path} has ${megabytes} MB left: make room, or choose another place with --data.`,
    );
  }
  const lock = new DatabaseSync(join(path, 'lock.sqlite'));
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    lock.close();
    if (!/database is locked/.test((error as Error).message)) throw error;
    throw new DataFolderError(`Another Slipway uses the data folder ${path}: stop it, or choose another with --data.`);
  }
  return { release: () => lock.close() };
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full.';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not.';
  if (code === 'EROFS') return 'the file system is read only.';
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'it is not a folder.';
  return message;
}
