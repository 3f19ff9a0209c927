import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '../transaction.ts';
import type { ChecksumAlgorithm } from './checksum.ts';

export interface StoredObject {
  bucket: string;
  key: string;
  /** The name of the file that has the content. */
  file: string;
  size: number;
  /** Without quotation marks. */
  etag: string;
  /** Milliseconds. */
  modified: number;
  /** What GetObject gives back: `content-type`, `x-amz-meta-…`. */
  headers: Record<string, string>;
  checksum: { algorithm: ChecksumAlgorithm; value: string } | undefined;
}

export type NewObject = Omit<StoredObject, 'modified'>;

export interface Listing {
  objects: StoredObject[];
  prefixes: string[];
  /** The key or prefix after which the next page begins; undefined on the last page. */
  next: string | undefined;
}

export interface ObjectStore {
  /** Where an upload is written before it becomes an object. */
  newFile(): string;
  /**
   * Makes a complete file the content of a key and replaces what was there before. `check` sees the old object and may throw.
   * The change is one transaction: a reader gets the old object or the new one.
   */
  put(object: NewObject, check?: (present: StoredObject | undefined) => void): Promise<StoredObject>;
  find(bucket: string, key: string): StoredObject | undefined;
  /** The object with its file open, so that it stays readable when it is replaced in the meantime. */
  open(bucket: string, key: string): Promise<{ object: StoredObject; handle: FileHandle } | undefined>;
  delete(bucket: string, key: string): Promise<void>;
  list(bucket: string, query: { prefix: string; delimiter: string; after: string; limit: number }): Listing;
  /** Everything of a bucket that was put before a time. */
  olderThan(bucket: string, prefix: string, modified: number): StoredObject[];
}

/** Sorts behind every key that begins with the text before it. */
const last = '\u{10ffff}';

/** Objects: content in files, one per object, and everything else in the database. */
export function createObjectStore({ folder, database }: { folder: string; database: DatabaseSync }): ObjectStore {
  const incoming = join(folder, 'incoming');
  const contents = join(folder, 'objects');
  database.exec(`create table if not exists s3_objects (
    bucket text not null,
    key text not null,
    file text not null unique,
    size integer not null,
    etag text not null,
    modified integer not null,
    headers text not null,
    checksum text,
    primary key (bucket, key)
  ) strict, without rowid`);
  removeLeftovers();

  const select = database.prepare('select * from s3_objects where bucket = ? and key = ?');
  const remove = database.prepare('delete from s3_objects where bucket = ? and key = ?');
  const insert = database.prepare('insert into s3_objects values (?, ?, ?, ?, ?, ?, ?, ?)');
  const following = database.prepare(
    'select * from s3_objects where bucket = ? and key > ? and key >= ? and key < ? order by key limit ?',
  );
  const older = database.prepare('select * from s3_objects where bucket = ? and key >= ? and key < ? and modified < ?');
  const find = (bucket: string, key: string) => {
    const row = select.get(bucket, key);
    return row && fromRow(row);
  };

  /** The remains of a killed machine: uploads that never ended, and files without an object. */
  function removeLeftovers(): void {
    rmSync(incoming, { recursive: true, force: true });
    mkdirSync(incoming, { recursive: true });
    mkdirSync(contents, { recursive: true });
    const known = new Set(
      database
        .prepare('select file from s3_objects')
        .all()
        .map((row) => String(row.file)),
    );
    for (const file of readdirSync(contents)) if (!known.has(file)) rmSync(join(contents, file), { force: true });
  }

  return {
    newFile: () => join(incoming, randomUUID()),
    async put(object, check) {
      const file = randomUUID();
      const path = join(contents, file);
      await rename(object.file, path);
      const { bucket, key, size, etag, headers, checksum } = object;
      const modified = Date.now();
      let done = false;
      try {
        const replaced = transaction(database, () => {
          const present = find(bucket, key);
          check?.(present);
          remove.run(bucket, key);
          insert.run(
            bucket,
            key,
            file,
            size,
            etag,
            modified,
            JSON.stringify(headers),
            checksum ? JSON.stringify(checksum) : null,
          );
          return present;
        });
        done = true;
        if (replaced) await rm(join(contents, replaced.file), { force: true });
      } finally {
        if (!done) await rm(path, { force: true });
      }
      return { ...object, file, modified };
    },
    find,
    async open(bucket, key) {
      for (;;) {
        const object = find(bucket, key);
        if (!object) return undefined;
        try {
          return { object, handle: await open(join(contents, object.file)) };
        } catch (error) {
          // Replaced between the two steps: read again. A file that is missing for another reason is an error.
          if (find(bucket, key)?.file === object.file) throw error;
        }
      }
    },
    async delete(bucket, key) {
      const object = find(bucket, key);
      remove.run(bucket, key);
      if (object) await rm(join(contents, object.file), { force: true });
    },
    list(bucket, { prefix, delimiter, after, limit }) {
      const objects: StoredObject[] = [];
      const prefixes: string[] = [];
      let position = after;
      for (;;) {
        const room = limit - objects.length - prefixes.length;
        const rows = following
          .all(bucket, position, prefix, prefix + last, delimiter === '' ? room + 1 : 1)
          .map(fromRow);
        for (const object of rows) {
          if (objects.length + prefixes.length === limit) return { objects, prefixes, next: position };
          const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
          if (end < 0) {
            objects.push(object);
            position = object.key;
            continue;
          }
          const common = object.key.slice(0, end + delimiter.length);
          // The previous page has listed the group in which this page begins.
          if (!after.startsWith(common)) prefixes.push(common);
          position = common + last;
        }
        if (rows.length === 0 || (delimiter === '' && rows.length <= room))
          return { objects, prefixes, next: undefined };
      }
    },
    olderThan: (bucket, prefix, modified) => older.all(bucket, prefix, prefix + last, modified).map(fromRow),
  };
}

function fromRow(row: Record<string, unknown>): StoredObject {
  return {
    bucket: String(row.bucket),
    key: String(row.key),
    file: String(row.file),
    size: Number(row.size),
    etag: String(row.etag),
    modified: Number(row.modified),
    headers: JSON.parse(String(row.headers)) as StoredObject['headers'],
    checksum: row.checksum === null ? undefined : (JSON.parse(String(row.checksum)) as StoredObject['checksum']),
  };
}
