import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type IndexFile, isOfIndex } from '../core/index/read-index.ts';
import { largestFile } from '../core/index/yaml.ts';

/** There is no index to check: the message says what was looked for. */
export class NoIndexError extends Error {
  override readonly name = 'NoIndexError';
}

export interface IndexFolder {
  /** The folder that holds `index.d`. */
  root: string;
  files: IndexFile[];
  /** Files that are no files for the pipeline, which reads what git keeps, or that cannot be read here. */
  unread: { path: string; reason: string }[];
}

/**
 * Reads the index of a folder, or of the folder `index.d` itself: its entries, its policy and its VEX documents.
 * @throws NoIndexError
 */
export async function readIndexFolder(folder: string): Promise<IndexFolder> {
  const isInside = basename(join(process.cwd(), folder)) === 'index.d';
  const root = isInside ? dirname(folder === '.' ? process.cwd() : folder) : folder;
  const names = await readdir(join(root, 'index.d')).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'is not there' : `cannot be read (${cause.code})`;
    throw new NoIndexError(`The folder ${join(root, 'index.d')} ${reason}. Name the folder that holds index.d.`, {
      cause,
    });
  });
  const index: IndexFolder = { root, files: [], unread: [] };
  const others = [...(await namesIn(root)), ...(await namesIn(join(root, 'vex'))).map((name) => `vex/${name}`)];
  for (const path of [...names.map((name) => `index.d/${name}`), ...others].sort()) {
    if (!isOfIndex(path)) continue;
    const read = await readText(join(root, path));
    if ('text' in read) index.files.push({ path, text: read.text });
    else index.unread.push({ path, reason: read.reason });
  }
  if (![...index.files, ...index.unread].some(({ path }) => path.startsWith('index.d/'))) {
    throw new NoIndexError(`There is no file like ${join(root, 'index.d', 'app-id.yml')}.`);
  }
  return index;
}

/** A folder that is not there has nothing in it. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

/** What the errors of the system mean for somebody who looks after an index. */
const reasons: Record<string, string> = {
  ELOOP: 'This is a symbolic link, and the pipeline follows none. Put the file itself here.',
  EACCES: 'The file cannot be read: you have no right to.',
};

async function readText(path: string): Promise<{ text: string } | { reason: string }> {
  let file: FileHandle | undefined;
  try {
    // A pipe without a writer would be waited for.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) return { reason: 'This is no file.' };
    // One byte more than a file may have says that it is too large, however large it is.
    const buffer = Buffer.allocUnsafe(largestFile + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    return { text: buffer.toString('utf8', 0, length) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === '') throw error;
    return { reason: reasons[code] ?? `The file cannot be read (${code}).` };
  } finally {
    await file?.close();
  }
}
