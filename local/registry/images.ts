import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { transaction } from '../aws/transaction.ts';

const rowSchema = z
  .object({
    repository: z.string(),
    digest: z.string(),
    media_type: z.string(),
    artifact_type: z.string().nullable(),
    subject: z.string().nullable(),
    annotations: z.string().nullable(),
    manifest: z.instanceof(Uint8Array),
    size: z.number(),
    pushed_at: z.number(),
    pulled_at: z.number().nullable(),
  })
  .transform((row) => ({
    repository: row.repository,
    digest: row.digest,
    mediaType: row.media_type,
    artifactType: row.artifact_type ?? undefined,
    subject: row.subject ?? undefined,
    annotations:
      row.annotations === null ? undefined : z.record(z.string(), z.string()).parse(JSON.parse(row.annotations)),
    manifest: Buffer.from(row.manifest),
    size: row.size,
    pushedAt: row.pushed_at,
    pulledAt: row.pulled_at ?? undefined,
  }));

export type StoredImage = z.infer<typeof rowSchema>;

export interface NewImage {
  repository: string;
  digest: string;
  mediaType: string;
  artifactType?: string | undefined;
  subject?: string | undefined;
  annotations?: Record<string, string> | undefined;
  manifest: Buffer;
  size: number;
  blobs: string[];
  images: string[];
}

/** The manifests of each repository, their tags, and what they refer to. */
export function createImages(database: DatabaseSync) {
  const byDigest = database.prepare('select * from ecr_image where repository = ? and digest = ?');
  const byTag = database.prepare('select i.* from ecr_tag natural join ecr_image i where repository = ? and tag = ?');
  const selectPage = database.prepare(
    'select * from ecr_image where repository = ? and digest > ? order by digest limit ?',
  );
  const selectReferrers = database.prepare(`
    select * from ecr_image where repository = ?1 and subject = ?2 and digest > ?3 and (?4 is null or artifact_type = ?4)
      order by digest limit ?5`);
  const selectTags = database.prepare('select tag from ecr_tag where repository = ? and tag > ? order by tag limit ?');
  const selectTagsOf = database.prepare('select tag from ecr_tag where repository = ? and digest = ? order by tag');
  const selectDigests = database.prepare(`
    select digest, pushed_at, exists (select 1 from ecr_tag t where t.repository = i.repository and t.digest = i.digest) as tagged
      from ecr_image i where repository = ? order by digest`);
  const selectIds = database.prepare(`
    select i.digest, t.tag from ecr_image i left join ecr_tag t on t.repository = i.repository and t.digest = i.digest
      where i.repository = ? order by i.digest, t.tag`);
  const selectParents = database.prepare('select parent from ecr_reference where repository = ? and child = ?');
  const insertImage = database.prepare(`
    insert into ecr_image (repository, digest, media_type, artifact_type, subject, annotations, manifest, size, pushed_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`);
  const insertReference = database.prepare(`
    insert into ecr_reference (repository, parent, child, kind) values (?, ?, ?, ?) on conflict do nothing`);
  const putTag = database.prepare(`
    insert into ecr_tag (repository, tag, digest) values (?, ?, ?) on conflict do update set digest = excluded.digest`);
  const removeTag = database.prepare('delete from ecr_tag where repository = ? and tag = ?');
  const removeImage = database.prepare('delete from ecr_image where repository = ? and digest = ?');
  const pulled = database.prepare('update ecr_image set pulled_at = ? where repository = ? and digest = ?');
  const countImages = database.prepare('select count(*) as n from ecr_image where repository = ?');

  database.exec(`create table if not exists ecr_archived (
    repository text not null, digest text not null, primary key (repository, digest)) strict`);
  const archived = database.prepare('select 1 from ecr_archived where repository = ? and digest = ?');
  const archive = database.prepare('insert into ecr_archived values (?, ?) on conflict do nothing');
  const restore = database.prepare('delete from ecr_archived where repository = ? and digest = ?');

  const parse = (row: unknown): StoredImage | undefined => (row === undefined ? undefined : rowSchema.parse(row));

  return {
    byDigest(repository: string, digest: string): StoredImage | undefined {
      return parse(byDigest.get(repository, digest));
    },

    byTag(repository: string, tag: string): StoredImage | undefined {
      return parse(byTag.get(repository, tag));
    },

    page(repository: string, lastDigest: string, limit: number): StoredImage[] {
      return selectPage.all(repository, lastDigest, limit).map((row) => rowSchema.parse(row));
    },

    referrers(
      repository: string,
      subject: string,
      artifactType: string | undefined,
      lastDigest: string,
      limit: number,
    ): StoredImage[] {
      const rows = selectReferrers.all(repository, subject, lastDigest, artifactType ?? null, limit);
      return rows.map((row) => rowSchema.parse(row));
    },

    /** In the order of their bytes, from after `last`; a negative limit is none. */
    tags(repository: string, last: string, limit: number): string[] {
      return selectTags.all(repository, last, limit).map((row) => String(row.tag));
    },

    tagsOf(repository: string, digest: string): string[] {
      return selectTagsOf.all(repository, digest).map((row) => String(row.tag));
    },

    /** The indexes that list an image. */
    parents(repository: string, digest: string): string[] {
      return selectParents.all(repository, digest).map((row) => String(row.parent));
    },

    /** Every image of the repository, in the order of the digests. */
    digests(repository: string): { digest: string; tagged: boolean; pushedAt: number }[] {
      return selectDigests
        .all(repository)
        .map((row) => ({ digest: String(row.digest), tagged: row.tagged === 1, pushedAt: Number(row.pushed_at) }));
    },

    /** Every tag with its image, and every image without a tag. */
    ids(repository: string): { imageDigest: string; imageTag: string | undefined }[] {
      return selectIds.all(repository).map((row) => ({
        imageDigest: String(row.digest),
        imageTag: row.tag === null ? undefined : String(row.tag),
      }));
    },

    isEmpty(repository: string): boolean {
      return countImages.get(repository)?.n === 0;
    },

    put(image: NewImage, tags: string[]): void {
      const { repository, digest } = image;
      transaction(database, () => {
        // A push restores an archived image.
        restore.run(repository, digest);
        const annotations = image.annotations === undefined ? null : JSON.stringify(image.annotations);
        const { mediaType, artifactType, subject, manifest, size } = image;
        insertImage.run(
          ...[repository, digest, mediaType, artifactType ?? null, subject ?? null, annotations, manifest, size],
          Date.now(),
        );
        for (const child of image.blobs) insertReference.run(repository, digest, child, 'blob');
        for (const child of image.images) insertReference.run(repository, digest, child, 'image');
        for (const tag of tags) putTag.run(repository, tag, digest);
      });
    },

    removeTag(repository: string, tag: string): boolean {
      return removeTag.run(repository, tag).changes > 0;
    },

    /** With its tags. */
    remove(repository: string, digest: string): boolean {
      restore.run(repository, digest);
      return removeImage.run(repository, digest).changes > 0;
    },

    isArchived: (repository: string, digest: string): boolean => archived.get(repository, digest) !== undefined,

    setArchived(repository: string, digest: string, isArchived: boolean): void {
      (isArchived ? archive : restore).run(repository, digest);
    },

    recordPull(repository: string, digest: string): void {
      pulled.run(Date.now(), repository, digest);
    },
  };
}
