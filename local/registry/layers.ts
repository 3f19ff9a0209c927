import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

const blobSchema = z.object({ digest: z.string(), size: z.number() });

export type Blob = z.infer<typeof blobSchema>;
export type Layers = ReturnType<typeof createLayers>;

/** Which blobs there are, and which repositories may serve them. */
export function createLayers(database: DatabaseSync) {
  const select = database.prepare(`
    select digest, size from ecr_blob natural join ecr_layer where repository = ? and digest = ?`);
  const selectBlob = database.prepare('select digest, size from ecr_blob where digest = ?');
  const insertBlob = database.prepare('insert into ecr_blob (digest, size) values (?, ?) on conflict do nothing');
  const link = database.prepare(`
    insert into ecr_layer (repository, digest, seen_at) values (?, ?, ?) on conflict do update set seen_at = excluded.seen_at`);
  const unlink = database.prepare('delete from ecr_layer where repository = ? and digest = ?');
  const usedBy = database.prepare('select 1 from ecr_reference where repository = ? and child = ? limit 1');
  const unused = database.prepare(`
    delete from ecr_layer where seen_at < ?
      and not exists (select 1 from ecr_reference r where r.repository = ecr_layer.repository and r.child = ecr_layer.digest)
      and not exists (select 1 from ecr_upload u where u.repository = ecr_layer.repository)`);
  const orphans = database.prepare(`
    select digest, size from ecr_blob where not exists (select 1 from ecr_layer l where l.digest = ecr_blob.digest)`);
  const removeBlob = database.prepare('delete from ecr_blob where digest = ?');

  return {
    find(repository: string, digest: string): Blob | undefined {
      const row = select.get(repository, digest);
      return row === undefined ? undefined : blobSchema.parse(row);
    },

    /** A blob that is on the disk, in whichever repository. */
    blob(digest: string): Blob | undefined {
      const row = selectBlob.get(digest);
      return row === undefined ? undefined : blobSchema.parse(row);
    },

    /** A client that has seen a layer may leave its upload out, so the layer must stay until the manifest comes. */
    touch(repository: string, digest: string): void {
      link.run(repository, digest, Date.now());
    },

    add(repository: string, blob: Blob): void {
      insertBlob.run(blob.digest, blob.size);
      link.run(repository, blob.digest, Date.now());
    },

    unlink(repository: string, digest: string): void {
      unlink.run(repository, digest);
    },

    isUsed(repository: string, digest: string): boolean {
      return usedBy.get(repository, digest) !== undefined;
    },

    /** Takes the layers from the repositories that no image has used since, unless an upload is in progress there. */
    unlinkUnused(seenBefore: number): number {
      return Number(unused.run(seenBefore).changes);
    },

    orphans(): Blob[] {
      return orphans.all().map((row) => blobSchema.parse(row));
    },

    removeBlob(digest: string): void {
      removeBlob.run(digest);
    },
  };
}
