import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { DatabaseSync } from 'node:sqlite';
import { finished } from 'node:stream/promises';
import { transaction } from '../aws/transaction.ts';
import type { BlobFiles } from './blob-files.ts';
import { algorithmOf } from './digest.ts';
import { isDiskFull } from './disk-full.ts';
import type { Blob, Layers } from './layers.ts';
import { RegistryError } from './registry-error.ts';
import { createUploadHashes } from './upload-hashes.ts';

const openUploadsPerRepository = 1000;
/** What comes while the disk is busy, up to this size, is written at once. */
const writtenAtOnce = 2 ** 20;
/** After so much the disk begins with what the system would keep for it, and what is there is hashed: little is left to do at the end. */
const stepSize = 32 * 2 ** 20;

/** Uploads of blobs: each is a file that only grows, until it becomes a blob or goes. */
export function createUploads(database: DatabaseSync, files: BlobFiles, layers: Layers) {
  const insert = database.prepare('insert into ecr_upload (id, repository, updated_at) values (?, ?, ?)');
  const select = database.prepare('select 1 from ecr_upload where id = ? and repository = ?');
  const count = database.prepare('select count(*) as n from ecr_upload where repository = ?');
  const touch = database.prepare('update ecr_upload set updated_at = ? where id = ?');
  const remove = database.prepare('delete from ecr_upload where id = ?');
  const stale = database.prepare('select id from ecr_upload where updated_at < ?');
  const selectAny = database.prepare('select 1 from ecr_upload where id = ?');

  const hashes = createUploadHashes();
  const pending = new Map<string, Promise<unknown>>();

  /** One request at a time writes to an upload; a second one waits, and then sees where the first got. */
  const inSequence = async <Result>(id: string, work: () => Promise<Result>): Promise<Result> => {
    const before = pending.get(id) ?? Promise.resolve();
    const mine = before.then(work, work);
    pending.set(id, mine);
    try {
      return await mine;
    } finally {
      if (pending.get(id) === mine) pending.delete(id);
    }
  };

  const mustExist = (repository: string, id: string): void => {
    if (select.get(id, repository) === undefined) {
      throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `There is no upload '${id}' in the repository '${repository}'`);
    }
  };

  const discard = async (id: string): Promise<void> => {
    // The file goes first: on a full disk the database can write again only then.
    await files.removeUpload(id);
    remove.run(id);
    await hashes.forget(files.uploadPath(id));
  };

  /** Writes what has come, also of a connection that breaks, and says how long the upload then is. */
  const write = async (id: string, content: AsyncIterable<Buffer>): Promise<number> => {
    const before = await files.uploadSize(id);
    let size = before;
    const handle = await files.openUpload(id);
    const file = handle.createWriteStream({ highWaterMark: writtenAtOnce });
    const written = finished(file);
    let synced: Promise<void> = Promise.resolve();
    // Here and below: a failure is handled where the promise is awaited.
    written.catch(() => undefined);
    try {
      for await (const chunk of content) {
        const { length } = chunk;
        if (!file.write(chunk, () => free(chunk))) await Promise.race([once(file, 'drain'), written]);
        const steps = Math.floor(size / stepSize);
        size += length;
        if (Math.floor(size / stepSize) === steps) continue;
        hashes.grown(files.uploadPath(id), before + file.bytesWritten);
        await synced;
        synced = handle.datasync();
        synced.catch(() => undefined);
      }
      await synced;
    } finally {
      await Promise.allSettled([synced]);
      file.end();
      await written;
    }
    return size;
  };

  const append = async (id: string, content: AsyncIterable<Buffer>): Promise<number> => {
    try {
      return await write(id, content);
    } catch (error) {
      // Half a layer must not take what is left of the disk from everything else.
      if (isDiskFull(error)) await discard(id);
      throw error;
    } finally {
      touch.run(Date.now(), id);
    }
  };

  return {
    async begin(repository: string): Promise<string> {
      if (Number(count.get(repository)?.n) >= openUploadsPerRepository) {
        throw new RegistryError('TOOMANYREQUESTS', `The repository '${repository}' has too many open uploads`);
      }
      const id = randomUUID();
      insert.run(id, repository, Date.now());
      await (await files.openUpload(id)).close();
      return id;
    },

    /** How many bytes are there. */
    size(repository: string, id: string): Promise<number> {
      return inSequence(id, async () => {
        mustExist(repository, id);
        return files.uploadSize(id);
      });
    },

    /**
     * Adds to the end and says how long the upload then is. What came before the connection broke stays.
     * @param content its parts belong to the upload: nothing is in them afterwards
     * @param check sees the length so far before anything is read, and may refuse
     */
    append(
      repository: string,
      id: string,
      content: AsyncIterable<Buffer>,
      check: (size: number) => void,
    ): Promise<number> {
      return inSequence(id, async () => {
        mustExist(repository, id);
        check(await files.uploadSize(id));
        return append(id, content);
      });
    },

    /** Makes the upload a blob of the repository. With another digest than the client said, the upload is gone. */
    complete(repository: string, id: string, digest: string): Promise<Blob> {
      return inSequence(id, async () => {
        mustExist(repository, id);
        const algorithm = algorithmOf(digest);
        const size = await files.uploadSize(id);
        const followed = algorithm === 'sha256' ? await hashes.digestOf(files.uploadPath(id), size) : undefined;
        const actual = followed ?? (await files.hashUpload(id, algorithm));
        if (actual !== digest) {
          await discard(id);
          throw new RegistryError('DIGEST_INVALID', `The content has the digest '${actual}', not '${digest}'`);
        }
        await using file = await files.openUpload(id);
        await file.sync();
        await files.prepare(digest);
        files.keep(id, digest);
        transaction(database, () => {
          layers.add(repository, { digest, size });
          remove.run(id);
        });
        await hashes.forget(files.uploadPath(id));
        return { digest, size };
      });
    },

    cancel(repository: string, id: string): Promise<void> {
      return inSequence(id, async () => {
        mustExist(repository, id);
        await discard(id);
      });
    },

    /** Removes uploads that nobody went on with. */
    async removeStale(updatedBefore: number): Promise<number> {
      const ids = stale.all(updatedBefore).map((row) => String(row.id));
      for (const id of ids) await inSequence(id, () => discard(id));
      return ids.length;
    },

    isOpen(id: string): boolean {
      return selectAny.get(id) !== undefined;
    },
  };
}

/** Gives a part's memory back. Left to the garbage collector, that was a third of an upload's processor time. */
function free(part: Buffer): void {
  const { buffer } = part;
  // Small ones share theirs.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === part.byteLength) buffer.transfer(0);
}
