import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type IndexFile, isOfIndex } from '../../core/index/read-index.ts';
import { largestFile } from '../../core/index/yaml.ts';
import { UsageError } from '../errors.ts';

export interface IndexFolder {
  /** The folder that holds `index.d`. */
  root: string;
  files: IndexFile[];
  /** Files that the pipeline would not read from git (such as symbolic links), or that cannot be read here. */
  unread: { path: string; reason: string }[];
}

/**
 * Reads the index of a folder, or of the folder `index.d` itself: its entries, its policy and its VEX documents. It reads one file after the
 * other, as nothing else waits meanwhile: to ask for them in the background takes longer than to read them.
 * @throws UsageError where there is none
 */
export function readIndexFolder(folder: string): IndexFolder {
  const isInside = basename(join(process.cwd(), folder)) === 'index.d';
  const root = isInside ? dirname(folder === '.' ? process.cwd() : folder) : folder;
  const names = entryFilesIn(join(root, 'index.d'));
  const index: IndexFolder = { root, files: [], unread: [] };
  const others = [...namesIn(root), ...namesIn(join(root, 'vex')).map((name) => `vex/${name}`)];
  // One byte more than the limit is enough to know that a file is too large.
  const buffer = Buffer.allocUnsafe(largestFile + 1);
  for (const path of [...names.map((name) => `index.d/${name}`), ...others].sort()) {
    if (!isOfIndex(path)) continue;
    const read = readText(join(root, path), buffer);
    if ('text' in read) index.files.push({ path, text: read.text });
    else index.unread.push({ path, reason: read.reason });
  }
  if (![...index.files, ...index.unread].some(({ path }) => path.startsWith('index.d/'))) {
    throw new UsageError(`There is no file like ${join(root, 'index.d', 'app-id.yml')}.`);
  }
  return index;
}

function entryFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new UsageError(`The folder ${folder} ${reason}. Name the folder that holds index.d.`, { cause });
  }
}

/** A folder that does not exist counts as empty. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Explains errors of the system to the people who maintain an index. */
const reasons: Record<string, string> = {
  ELOOP: 'This is a symbolic link, which the pipeline does not follow. Put the file itself here.',
  EACCES: 'You have no permission to read the file.',
};

/** @param buffer takes what is read of the file, and no more */
function readText(path: string, buffer: Buffer): { text: string } | { reason: string } {
  let file: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe without a writer would block.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return { reason: 'This is not a file.' };
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length === buffer.length) break;
    }
    return { text: buffer.toString('utf8', 0, length) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === '') throw error;
    return { reason: reasons[code] ?? `The file cannot be read (${code}).` };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
