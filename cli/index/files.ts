import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
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
 * Reads the index of a folder, or of the folder `index.d` itself: its entries, its policy and its VEX documents.
 * @throws UsageError where there is none
 */
export async function readIndexFolder(folder: string): Promise<IndexFolder> {
  const isInside = basename(join(process.cwd(), folder)) === 'index.d';
  const root = isInside ? dirname(folder === '.' ? process.cwd() : folder) : folder;
  const names = await readdir(join(root, 'index.d')).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'is not there' : `cannot be read (${cause.code})`;
    throw new UsageError(`The folder ${join(root, 'index.d')} ${reason}. Name the folder that holds index.d.`, {
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
    throw new UsageError(`There is no file like ${join(root, 'index.d', 'app-id.yml')}.`);
  }
  return index;
}

/** A folder that does not exist counts as empty. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

/** Explains errors of the system to the people who maintain an index. */
const reasons: Record<string, string> = {
  ELOOP: 'This is a symbolic link, which the pipeline does not follow. Put the file itself here.',
  EACCES: 'You have no permission to read the file.',
};

async function readText(path: string): Promise<{ text: string } | { reason: string }> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe without a writer would block.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) return { reason: 'This is not a file.' };
    // Reading one byte more than the limit is enough to know that a file is too large.
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
