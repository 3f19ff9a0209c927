import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type OsvRecord, readOsvRecord, UnreadableRecordError } from './osv-record.ts';

const largestRecord = 8 * 1024 * 1024;

/** The records of a folder, by the names of the packages that they are about. */
export interface OsvIndex {
  byPackage: Map<string, OsvRecord[]>;
  /** When the newest record was changed, in milliseconds; undefined if there are none. */
  updatedAt: number | undefined;
  /** Parts of records that cannot be read. The rest of a record is never weaker for it. */
  problems: string[];
  /** Records whose packages are not known. */
  unreadable: string[];
}

interface Known {
  mtime: number;
  size: number;
  record: OsvRecord | UnreadableRecordError;
}

/** Reads a folder of records, and reads again only the files that have changed since. */
export function createOsvFolder(folder: string | undefined) {
  let known = new Map<string, Known>();

  return async function read(): Promise<OsvIndex> {
    const next = new Map<string, Known>();
    if (folder !== undefined) {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((each) => each.isFile() && each.name.endsWith('.json'))) {
        const file = path.join(entry.parentPath, entry.name);
        const { mtimeMs: mtime, size } = await stat(file);
        const before = known.get(file);
        const isSame = before?.mtime === mtime && before.size === size;
        next.set(file, isSame ? before : { mtime, size, record: await readFileOf(file, size) });
      }
    }
    known = next;
    return indexOf([...known]);
  };
}

function indexOf(files: [string, Known][]): OsvIndex {
  const index: OsvIndex = { byPackage: new Map(), updatedAt: undefined, problems: [], unreadable: [] };
  for (const [file, { record }] of files) {
    if (record instanceof UnreadableRecordError) {
      index.unreadable.push(`${file}: ${record.message}`);
      continue;
    }
    index.problems.push(...record.problems.map((problem) => `${file}: ${problem}`));
    if (record.modified !== undefined) index.updatedAt = Math.max(index.updatedAt ?? 0, record.modified);
    if (record.isWithdrawn) continue;
    for (const name of new Set(record.affected.map((affected) => affected.package.name))) {
      index.byPackage.set(name, [...(index.byPackage.get(name) ?? []), record]);
    }
  }
  return index;
}

async function readFileOf(file: string, size: number): Promise<OsvRecord | UnreadableRecordError> {
  try {
    if (size > largestRecord) throw new UnreadableRecordError(`It has more than ${largestRecord} bytes.`);
    return readOsvRecord(path.basename(file, '.json'), await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof UnreadableRecordError) return error;
    throw error;
  }
}
