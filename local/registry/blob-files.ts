import { closeSync, createReadStream, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Algorithm, algorithmOf, hashOf } from './digest.ts';

export type BlobFiles = ReturnType<typeof openBlobFiles>;

/** The files below `folder`: whole blobs under their digest, and uploads that are under way. */
export function openBlobFiles(folder: string) {
  const blobs = path.join(folder, 'blobs');
  const uploads = path.join(folder, 'uploads');
  mkdirSync(uploads, { recursive: true });
  mkdirSync(blobs, { recursive: true });

  const pathOf = (digest: string): string => {
    const hex = digest.slice(digest.indexOf(':') + 1);
    return path.join(blobs, algorithmOf(digest), hex.slice(0, 2), hex);
  };
  const uploadPath = (id: string): string => path.join(uploads, id);

  return {
    pathOf,
    uploadPath,

    read(digest: string, range?: { start: number; end: number }) {
      return createReadStream(pathOf(digest), { ...range, highWaterMark: 256 * 1024 });
    },

    async uploadSize(id: string): Promise<number> {
      return (await stat(uploadPath(id))).size;
    },

    openUpload(id: string): Promise<FileHandle> {
      return open(uploadPath(id), 'a');
    },

    async removeUpload(id: string): Promise<void> {
      await rm(uploadPath(id), { force: true });
    },

    async hashUpload(id: string, algorithm: Algorithm): Promise<string> {
      const hash = hashOf(algorithm);
      await pipeline(createReadStream(uploadPath(id), { highWaterMark: 256 * 1024 }), hash);
      return `${algorithm}:${hash.digest('hex')}`;
    },

    async prepare(digest: string): Promise<void> {
      await mkdir(path.dirname(pathOf(digest)), { recursive: true });
    },

    /** At once, so that nobody sees a blob come or go between the file and its row. `prepare` has been called. */
    keep(id: string, digest: string): void {
      const target = pathOf(digest);
      renameSync(uploadPath(id), target);
      const directory = openSync(path.dirname(target), 'r');
      fsyncSync(directory);
      closeSync(directory);
    },

    /** At once, for the same reason. */
    remove(digest: string): void {
      rmSync(pathOf(digest), { force: true });
    },

    /** Removes files without a row: a process crashed between a file and its row. */
    removeUnknown(isUpload: (id: string) => boolean, isBlob: (digest: string) => boolean): void {
      for (const id of readdirSync(uploads)) if (!isUpload(id)) rmSync(uploadPath(id));
      for (const entry of readdirSync(blobs, { recursive: true, withFileTypes: true })) {
        const digest = `${path.basename(path.dirname(entry.parentPath))}:${entry.name}`;
        if (entry.isFile() && !isBlob(digest)) rmSync(path.join(entry.parentPath, entry.name));
      }
    },
  };
}
