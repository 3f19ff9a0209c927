import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

const backoffSchema = z.object({
  /** How often in a row it could not be queried. */
  failures: z.int().default(0),
  /** It is not queried until then. */
  retryAt: z.iso.datetime().optional(),
  /** The error of the last query. */
  error: z.string().optional(),
});

const sourceSchema = backoffSchema.extend({
  /** `host/owner/repository`, or `//host` for a whole host. */
  source: z.string(),
  /** Commits by ref. Kept only with an `etag`: a host that answers "not modified" refers to these. */
  heads: z.record(z.string(), z.string()).optional(),
  /** Fingerprints of the version tags (core/sources/seen-tags.ts); absent until the tags were first seen. */
  tags: z.instanceof(Uint8Array).optional(),
  /** The address that the host redirects to since the repository was renamed or transferred. */
  movedTo: z.string().max(2048).optional(),
  /** Branches that projects track and the repository does not have, as full refs. */
  missing: z.array(z.string()).optional(),
  memory: z
    .object({
      etag: z.string().optional(),
      objectFormat: z.string().optional(),
      asksFirst: z.boolean().optional(),
    })
    .optional(),
});

const cursorSchema = z.object({ source: z.literal('//'), next: z.string() });

export type Source = z.infer<typeof sourceSchema>;

/**
 * The sources table: what a run records about each repository and each host for the next run. A repository without failures and without
 * anything to remember has no item, so that a query that finds nothing new writes nothing.
 */
export function createSources(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** All sources by name, and the source at which the last run stopped. */
    async all(): Promise<{ sources: Map<string, Source>; next: string | undefined }> {
      const sources = new Map<string, Source>();
      let next: string | undefined;
      for await (const item of table.scan({ consistent: true }, z.union([cursorSchema, sourceSchema])))
        if ('next' in item) next = item.next;
        else sources.set(item.source, item);
      return { sources, next };
    },

    /** What is recorded about one repository; undefined if there is nothing. */
    get(source: string): Promise<Source | undefined> {
      return table.get({ source }, sourceSchema);
    },

    async put(source: Source): Promise<void> {
      // The index has the sources that cannot be asked.
      await table.put({ ...sourceSchema.parse(source), failing: source.failures > 0 ? 'failing' : undefined });
    },

    /** Those that could not be asked last time, by name. */
    async failing(limit: number): Promise<Source[]> {
      const keys = expression`failing = ${'failing'}`;
      return (await table.page({ index: 'byFailure', keys }, { limit }, sourceSchema)).items;
    },

    async remove(source: string): Promise<void> {
      await table.delete({ source });
    },

    /** Records that the run stopped before this source, so that the next run begins with it. */
    async breakOff(next: string): Promise<void> {
      await table.put({ source: '//', next });
    },
  };
}

export type Sources = ReturnType<typeof createSources>;

export const openSources = once(() => createSources(documentClient(), variable('SOURCES_TABLE')));
