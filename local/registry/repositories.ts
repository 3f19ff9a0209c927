import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

export const mutabilitySchema = z.enum(['MUTABLE', 'IMMUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION']);

export const exclusionFiltersSchema = z
  .array(z.strictObject({ filterType: z.literal('WILDCARD'), filter: z.string().regex(/^[0-9a-zA-Z._*-]{1,128}$/) }))
  .max(5);

export const encryptionSchema = z.object({
  encryptionType: z.enum(['AES256', 'KMS', 'KMS_DSSE']),
  kmsKey: z.string().optional(),
});

export const resourceTagsSchema = z.array(z.object({ Key: z.string(), Value: z.string() }));

const rowSchema = z
  .object({
    name: z.string(),
    created_at: z.number(),
    mutability: mutabilitySchema,
    exclusion_filters: z.string(),
    scan_on_push: z.number(),
    encryption: z.string(),
    tags: z.string(),
    policy: z.string().nullable(),
    lifecycle_policy: z.string().nullable(),
    lifecycle_evaluated_at: z.number().nullable(),
  })
  .transform((row) => ({
    name: row.name,
    createdAt: row.created_at,
    mutability: row.mutability,
    exclusionFilters: exclusionFiltersSchema.parse(JSON.parse(row.exclusion_filters)),
    scanOnPush: row.scan_on_push === 1,
    encryption: encryptionSchema.parse(JSON.parse(row.encryption)),
    tags: resourceTagsSchema.parse(JSON.parse(row.tags)),
    policy: row.policy,
    lifecyclePolicy: row.lifecycle_policy,
    lifecycleEvaluatedAt: row.lifecycle_evaluated_at,
  }));

export type Repository = z.infer<typeof rowSchema>;

/** The repositories of the registry, with their settings. */
export function createRepositories(database: DatabaseSync) {
  const select = database.prepare('select * from ecr_repository where name = ?');
  const selectPage = database.prepare('select * from ecr_repository where name > ? order by name limit ?');
  const insert = database.prepare('insert into ecr_repository (name, created_at) values (?, ?)');
  const save = database.prepare(`
    update ecr_repository set mutability = ?, exclusion_filters = ?, scan_on_push = ?, encryption = ?, tags = ?, policy = ?,
      lifecycle_policy = ?, lifecycle_evaluated_at = ? where name = ?`);
  const remove = database.prepare('delete from ecr_repository where name = ?');

  const find = (name: string): Repository | undefined => {
    const row = select.get(name);
    return row === undefined ? undefined : rowSchema.parse(row);
  };

  return {
    find,

    /** In the order of their names, from after `last`. */
    page(last: string, limit: number): Repository[] {
      return selectPage.all(last, limit).map((row) => rowSchema.parse(row));
    },

    /** @throws if the repository is there */
    create(name: string, settings: Partial<Omit<Repository, 'name' | 'createdAt'>> = {}): Repository {
      insert.run(name, Date.now());
      return this.update(name, settings);
    },

    update(name: string, settings: Partial<Omit<Repository, 'name' | 'createdAt'>>): Repository {
      const current = find(name);
      if (current === undefined) throw new Error(`There is no repository ${name}`);
      const next = { ...current, ...settings };
      save.run(
        next.mutability,
        JSON.stringify(next.exclusionFilters),
        next.scanOnPush ? 1 : 0,
        JSON.stringify(next.encryption),
        JSON.stringify(next.tags),
        next.policy,
        next.lifecyclePolicy,
        next.lifecycleEvaluatedAt,
        name,
      );
      return next;
    },

    /** With its images, tags, uploads and links to layers; the blobs themselves go with the next collection of garbage. */
    remove(name: string): void {
      remove.run(name);
    },
  };
}
